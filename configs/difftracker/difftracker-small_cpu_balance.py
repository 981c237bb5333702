"""Third stage of difftracker-small, from the mean of the first two: photographs and choices in balance.

Start from that mean, which `tools/average.py` makes: `--cfg-options load_from=work_dirs/small_mean.safetensors`. What
the fourth stage starts from is the mean of all three.
"""

_base_ = './difftracker-small_cpu.py'

max_epochs = 4
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
train_dataloader = dict(
    dataset=dict(samples_per_epoch=1200, seed=81, weights=(3.0, 4.0, 0.5, 0.6, 0.5, 1.0, 0.3, 0.9, 0.9))
)
optim_wrapper = dict(optimizer=dict(lr=1.0e-4))
warm_up, cosine = _base_.param_scheduler
param_scheduler = [warm_up, dict(cosine, end=max_epochs)]
custom_hooks = [dict(type='EpochSeedHook', seed=52), *_base_.custom_hooks[1:]]
