"""No photographs in training; the other domains share the same number of steps."""

_base_ = './base.py'

train_dataloader = dict(dataset=dict(weights=(1, 1), datasets=[*_base_.boards, *_base_.screens]))
