"""Fifth stage of the shipped difftracker-lite: all sets at 384 px, photographs without nuisance among them.

What trains is as in the fourth stage, at half the rate: a higher one first unlearns. Start from that stage:
`--cfg-options load_from=work_dirs/regions/epoch_7.pth`.
"""

_base_ = [
    '../_base_/models/difftracker_lite.py',
    '../_base_/datasets/mixture_384.py',
    '../_base_/schedules/cpu_windows.py',
    '../_base_/default_runtime.py',
]

# The camera's motion is taken out of a pair before it is read; in training it stays until the last stage.
# Half of the features do as well here and take half of the time.
load, find, resize, pack = _base_.test_pipeline
test_pipeline = [load, find, resize, dict(type='AlignPair', features=400), pack]
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
model = dict(backbone=dict(backbone=dict(frozen_stages=3)))
max_epochs = 3
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
train_dataloader = dict(dataset=dict(samples_per_epoch=1280))
optim_wrapper = dict(optimizer=dict(lr=1.5e-4))
warm_up, cosine = _base_.param_scheduler
param_scheduler = [warm_up, dict(cosine, end=max_epochs)]
custom_hooks = [
    dict(type='EpochSeedHook', seed=58),
    dict(type='NonFiniteLossHook'),
    dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.002, gamma=100, update_buffers=False),
]
