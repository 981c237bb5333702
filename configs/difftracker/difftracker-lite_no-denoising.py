"""Ablation of difftracker-lite: no denoising queries in training."""

_base_ = './difftracker-lite_cpu_mixture.py'

model = dict(denoising=None)
