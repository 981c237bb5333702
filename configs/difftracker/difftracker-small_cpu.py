"""difftracker-small on a CPU, from a trained difftracker-lite, at a rate that does not first unlearn.

The start is made by `tools/warm_start.py`; pass it as `--cfg-options load_from=work_dirs/small_start.pth`.
"""

_base_ = [
    '../_base_/models/difftracker_small.py',
    '../_base_/datasets/mixture_384.py',
    '../_base_/schedules/cpu_windows.py',
    '../_base_/default_runtime.py',
]

# The camera's motion is taken out of a pair before it is read; in training it stays until the last stage.
load, find, resize, pack = _base_.test_pipeline
test_pipeline = [load, find, resize, dict(type='AlignPair'), pack]
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
model = dict(backbone=dict(backbone=dict(frozen_stages=3)))
max_epochs = 6
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
train_dataloader = dict(dataset=dict(samples_per_epoch=1440))
optim_wrapper = dict(optimizer=dict(lr=1.2e-4))
warm_up, cosine = _base_.param_scheduler
param_scheduler = [warm_up, dict(cosine, end=max_epochs)]
custom_hooks = [
    dict(type='EpochSeedHook', seed=48),
    dict(type='NonFiniteLossHook'),
    dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.002, gamma=100, update_buffers=False),
]
