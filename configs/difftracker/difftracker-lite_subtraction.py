"""Ablation of difftracker-lite: plain subtraction instead of the DEM."""

_base_ = './difftracker-lite_cpu_mixture.py'

model = dict(backbone=dict(difference=dict(_delete_=True, type='Subtraction')))
