"""Ablation of difftracker-lite: common suppression alone, without the enhanced residual."""

_base_ = './difftracker-lite_cpu_mixture.py'

model = dict(backbone=dict(difference=dict(enhancement=False)))
