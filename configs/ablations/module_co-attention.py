"""The co-attention of "The Change You Want to See" instead of the DEM."""

_base_ = './base.py'

model = dict(backbone=dict(difference=dict(_delete_=True, type='CoAttention')))
