"""Fourth stage of the shipped difftracker-lite: regions of differing pixels as candidates, with more screenshots.

What trains and at which rate is as in the third stage. Start from that one:
`--cfg-options load_from=work_dirs/difftracker-lite_cpu_windows/epoch_10.pth`.
"""

_base_ = './difftracker-lite_cpu_windows.py'

max_epochs = 7
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
train_dataloader = dict(
    dataset=dict(
        seed=41,
        weights=(3.0, 3.6, 0.3, 0.7, 0.6, 1.2, 1.2),
        datasets=[dict(item, seed=45) for item in _base_.train_dataloader.dataset.datasets],
    )
)
custom_hooks = [
    dict(type='EpochSeedHook', seed=38),
    dict(type='NonFiniteLossHook'),
    dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.001, gamma=300, update_buffers=False),
]
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, begin=0, end=60),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        begin=0,
        end=max_epochs,
        eta_min_ratio=0.01,
        convert_to_iter_based=True,
    ),
]
