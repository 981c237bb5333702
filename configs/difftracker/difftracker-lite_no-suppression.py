"""Ablation of difftracker-lite: enhancement alone, what both images share is not damped."""

_base_ = './difftracker-lite_cpu_mixture.py'

model = dict(backbone=dict(difference=dict(suppression=False)))
