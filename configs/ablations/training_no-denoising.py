"""No denoising queries in training."""

_base_ = './base.py'

model = dict(denoising=None)
