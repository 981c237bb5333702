"""Fourth stage of difftracker-small, from the mean of the first three: most pairs are laid over one another first.

Start from that mean, which `tools/average.py` makes: `--cfg-options load_from=work_dirs/small_mean3.safetensors`. The
fifth stage starts from the mean of this stage's start and its end.
"""

_base_ = './difftracker-small_cpu.py'

# Not all: a pair whose camera motion cannot be found is read as it is, also when the model is used.
load, find, resize, *augmentations = _base_.train_pipeline
align = dict(type='AlignPair', prob=0.8)
train_pipeline = [load, find, resize, align, *augmentations]
max_epochs = 5
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
train_dataloader = dict(
    dataset=dict(
        samples_per_epoch=1200,
        seed=91,
        weights=(3.0, 4.0, 0.5, 0.6, 0.5, 1.0, 0.3, 0.9, 0.9),
        datasets=[dict(item, pipeline=train_pipeline) for item in _base_.train_dataloader.dataset.datasets],
    )
)
optim_wrapper = dict(optimizer=dict(lr=1.0e-4))
warm_up, cosine = _base_.param_scheduler
param_scheduler = [warm_up, dict(cosine, end=max_epochs)]
custom_hooks = [dict(type='EpochSeedHook', seed=55), *_base_.custom_hooks[1:]]
