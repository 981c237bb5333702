"""Common suppression alone, without the enhanced residual."""

_base_ = './base.py'

model = dict(backbone=dict(difference=dict(enhancement=False)))
