"""Ablation of difftracker-lite: every sentence is one constant, in training and at test."""

_base_ = './difftracker-lite_cpu_mixture.py'

model = dict(blank_text=True)
