"""The DEM compares the same place only: a window of one cell leaves nothing to search."""

_base_ = './base.py'

model = dict(backbone=dict(difference=dict(window=(1, 1, 1, 1))))
