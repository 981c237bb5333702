"""M3Diff's differential perception instead of the DEM."""

_base_ = './base.py'

model = dict(backbone=dict(difference=dict(_delete_=True, type='MultiScaleDifferentialPerception')))
