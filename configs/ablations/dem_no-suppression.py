"""Enhancement alone, what both images share is not damped."""

_base_ = './base.py'

model = dict(backbone=dict(difference=dict(suppression=False)))
