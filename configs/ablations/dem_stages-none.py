"""No stage carries the DEM: both images are only projected, and nothing is compared before the decoder."""

_base_ = './base.py'

model = dict(backbone=dict(difference=dict(_delete_=True, type='Projection')))
