"""Sixth stage of difftracker-small: named objects of other photographs, found by a detector (tools/labelling).

Start from the mean of the fifth stage's start and its end: `--cfg-options load_from=work_dirs/small_mean5.safetensors`.
What is shipped is the mean of that and this stage's end.
"""

_base_ = './difftracker-small_cpu_names.py'

max_epochs = 5
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
dense, concise, *others = _base_.train_dataloader.dataset.datasets
train_dataloader = dict(
    dataset=dict(
        seed=95,
        weights=(2.0, 2.8, 1.0, 1.2, 0.5, 0.6, 0.5, 1.0, 0.3, 1.0, 1.0),
        datasets=[
            dict(dense, data_root=_base_.data_root + 'photo_found'),
            dict(concise, data_root=_base_.data_root + 'photo_found'),
            dense,
            concise,
            *others,
        ],
    )
)
warm_up, cosine = _base_.param_scheduler
param_scheduler = [warm_up, dict(cosine, end=max_epochs)]
custom_hooks = [dict(type='EpochSeedHook', seed=59), *_base_.custom_hooks[1:]]
