"""The one schedule of all ablations: `cpu_short.py` cut to 375 steps, with what it needs of the run time."""

_base_ = ['./cpu_short.py', '../default_runtime.py']

max_epochs = 3
train_cfg = dict(max_epochs=max_epochs)
val_cfg = None
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(
        type='CosineAnnealingLR', by_epoch=True, begin=0, end=max_epochs, eta_min_ratio=0.01, convert_to_iter_based=True
    ),
]
# Two checkpoints are kept, since the older one goes before the new one is written.
default_hooks = dict(checkpoint=dict(_delete_=True, type='CheckpointHook', interval=1, max_keep_ckpts=2))
custom_hooks = [
    dict(type='EpochSeedHook', seed=_base_.seed),
    dict(type='NonFiniteLossHook'),
    # At the end the average reaches back about 40 steps.
    dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.0007, gamma=100, update_buffers=False),
]
