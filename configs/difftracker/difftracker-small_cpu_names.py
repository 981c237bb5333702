"""Fifth stage of difftracker-small: twice as many named objects, each told from all names of COCO.

Half of the photographs are those in which a detector found objects (tools/labelling). What shapes candidates stays as
it is: names are told by the decoder and the last stage of the backbone. Start from the mean of the fourth stage's start
and end, which `tools/average.py` makes:
`--cfg-options load_from=work_dirs/small_mean4.safetensors`. The sixth stage starts from the mean of that and this
stage's end.
"""

_base_ = ['./difftracker-small_cpu_aligned.py', '../_base_/things.py']

model = dict(decoder=dict(describer=dict(vocabulary=_base_.things, loss_weight=2.0)))
max_epochs = 6
# In several processes: what a hook freezes after the model is wrapped gets no gradient.
find_unused_parameters = True
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
dense, concise, *others = _base_.train_dataloader.dataset.datasets
train_dataloader = dict(
    dataset=dict(
        seed=94,
        datasets=[
            dict(dense, data_root=_base_.data_root + 'photo_detected'),
            dict(concise, data_root=_base_.data_root + 'photo_detected'),
            *others,
        ],
    )
)
optim_wrapper = dict(optimizer=dict(lr=1.5e-4))
warm_up, cosine = _base_.param_scheduler
param_scheduler = [warm_up, dict(cosine, end=max_epochs)]
custom_hooks = [
    dict(type='EpochSeedHook', seed=58),
    dict(type='FreezeHook', prefixes=['backbone.difference', 'neck.', 'dense_head.']),
    *_base_.custom_hooks[1:],
]
