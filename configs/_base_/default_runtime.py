"""What every run shares: logging, checkpoints, seeds."""

default_scope = 'mmdet'
custom_imports = dict(imports=['difftracker.register'], allow_failed_imports=False)

seed = 0
randomness = dict(seed=seed)
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=2, save_best='diffground/score', rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
)
custom_hooks = [
    dict(type='EpochSeedHook', seed=seed),
    dict(type='NonFiniteLossHook'),
    dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.0007, gamma=400, update_buffers=False),
]
env_cfg = dict(
    cudnn_benchmark=False,
    # Not 0: that leaves the threads of OpenCV in place, and a worker forked beside them may wait for them forever.
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=1),
    dist_cfg=dict(backend='nccl'),
)
vis_backends = [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]
visualizer = dict(type='Visualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True)
log_level = 'INFO'
load_from = None
resume = False
