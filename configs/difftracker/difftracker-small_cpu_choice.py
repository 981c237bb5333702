"""Second stage of difftracker-small: more pairs that offer a choice, at a smaller rate.

Start from the first stage: `--cfg-options load_from=work_dirs/small/epoch_5.pth`.
"""

_base_ = './difftracker-small_cpu.py'

max_epochs = 2
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
train_dataloader = dict(
    dataset=dict(samples_per_epoch=1200, seed=71, weights=(2.4, 4.6, 0.4, 0.6, 0.4, 0.9, 0.3, 0.7, 0.8))
)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
warm_up, cosine = _base_.param_scheduler
param_scheduler = [warm_up, dict(cosine, end=max_epochs)]
custom_hooks = [dict(type='EpochSeedHook', seed=68), *_base_.custom_hooks[1:]]
