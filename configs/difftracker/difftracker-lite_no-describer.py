"""Ablation of difftracker-lite: names and colours of changes are no lesson of their own."""

_base_ = './difftracker-lite_cpu_mixture.py'

model = dict(decoder=dict(describer=None))
