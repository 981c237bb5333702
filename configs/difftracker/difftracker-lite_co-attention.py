"""Ablation of difftracker-lite: the co-attention of "The Change You Want to See" instead of the DEM."""

_base_ = './difftracker-lite_cpu_mixture.py'

model = dict(backbone=dict(difference=dict(_delete_=True, type='CoAttention')))
