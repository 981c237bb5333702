"""The two deepest stages, at strides 16 and 32, carry the DEM; the others are only projected."""

_base_ = './base.py'

dem = dict(_base_.model.backbone.difference, window=3)
model = dict(backbone=dict(difference=[dict(type='Projection'), dict(type='Projection'), dem, dem]))
