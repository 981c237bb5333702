"""Eighth stage of the shipped difftracker-lite: it learns where moved things came from.

Start from the seventh stage: `--cfg-options load_from=work_dirs/lite_found/epoch_5.pth`.
"""

_base_ = './difftracker-lite_cpu_found.py'

model = dict(decoder=dict(origins=True))
max_epochs = 7
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
train_dataloader = dict(dataset=dict(seed=97))
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'decoder.origins': dict(lr_mult=4.0)}))
warm_up, cosine = _base_.param_scheduler
param_scheduler = [warm_up, dict(cosine, end=max_epochs)]
custom_hooks = [dict(type='EpochSeedHook', seed=61), *_base_.custom_hooks[1:]]
