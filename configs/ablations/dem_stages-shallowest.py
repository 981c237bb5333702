"""The two shallowest stages, at strides 4 and 8, carry the DEM; the others are only projected."""

_base_ = './base.py'

dem = dict(_base_.model.backbone.difference, window=3)
model = dict(backbone=dict(difference=[dem, dem, dict(type='Projection'), dict(type='Projection')]))
