"""Seventh stage of the shipped difftracker-lite: named objects that a detector found, each told from all names of COCO.

Most photographs are those in which a detector found objects (tools/labelling). What shapes candidates stays as it is:
names are told by the decoder and the last stage of the backbone. Start from the sixth stage:
`--cfg-options load_from=work_dirs/lite_aligned/epoch_4.pth`.
"""

_base_ = ['./difftracker-lite_cpu_aligned.py', '../_base_/things.py']

model = dict(decoder=dict(describer=dict(vocabulary=_base_.things, loss_weight=2.0)))
max_epochs = 5
# In several processes: what a hook freezes after the model is wrapped gets no gradient.
find_unused_parameters = True
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
dense, concise, *others = _base_.train_dataloader.dataset.datasets
photographs = [
    dict(item, data_root=_base_.data_root + folder)
    for folder in ('photo_found', 'photo_detected')
    for item in (dense, concise)
]
train_dataloader = dict(
    dataset=dict(
        seed=93,
        weights=(2.0, 2.8, 1.0, 1.2, 0.5, 0.6, 0.5, 1.0, 0.3, 1.0, 1.0),
        datasets=[*photographs, *others],
    )
)
optim_wrapper = dict(optimizer=dict(lr=1.5e-4))
warm_up, cosine = _base_.param_scheduler
param_scheduler = [warm_up, dict(cosine, end=max_epochs)]
custom_hooks = [
    dict(type='EpochSeedHook', seed=57),
    dict(type='FreezeHook', prefixes=['backbone.difference', 'neck.', 'dense_head.']),
    *_base_.custom_hooks[1:],
]
