"""Ablation of difftracker-lite: no comparison with the sentence attribute by attribute."""

_base_ = './difftracker-lite_cpu_mixture.py'

model = dict(decoder=dict(attributes=0), head=dict(alignment_dims=0))
