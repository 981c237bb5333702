"""Fourth stage of the shipped difftracker-lite: regions of differing pixels as candidates, with more screenshots.

What trains and at which rate is as in the third stage. Start from that one:
`--cfg-options load_from=work_dirs/windows/epoch_10.pth`.
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
custom_hooks = [dict(type='EpochSeedHook', seed=38), *_base_.custom_hooks[1:]]
warm_up, cosine = _base_.param_scheduler
param_scheduler = [warm_up, dict(cosine, end=max_epochs)]
