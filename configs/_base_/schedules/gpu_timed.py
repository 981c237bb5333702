"""A schedule for one GPU that ends by the clock, with what it needs of the run time. Usual values, not tuned yet.

The rate is that of `cpu_short.py` times about the root of the ratio of the batches, 64 to 8.
"""

_base_ = '../default_runtime.py'

train_cfg = dict(type='TimedTrainLoop', minutes=22, warmup_iters=300)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
param_scheduler = None
optim_wrapper = dict(
    type='Bf16OptimWrapper',
    constructor='MergedOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=1e-2),
    clip_grad=dict(max_norm=5.0),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0, custom_keys={'backbone.backbone': dict(lr_mult=0.1)}),
)
default_hooks = dict(checkpoint=dict(_delete_=True, type='CheckpointHook', interval=1, max_keep_ckpts=2))
custom_hooks = [
    dict(type='EpochSeedHook', seed=_base_.seed),
    dict(type='NonFiniteLossHook'),
    dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.001, gamma=400, update_buffers=False),
]
env_cfg = dict(cudnn_benchmark=True)
