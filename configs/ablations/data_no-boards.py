"""No circuit boards in training; the other domains share the same number of steps."""

_base_ = './base.py'

train_dataloader = dict(dataset=dict(weights=(4, 4, 1), datasets=[*_base_.photographs, *_base_.screens]))
