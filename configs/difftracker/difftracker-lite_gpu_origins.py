"""The last stage of the shipped difftracker-lite on one GPU in 22 minutes; run by `tools/gpu/train.py`.

Start from trained weights: `--start difftracker/checkpoint/weights/difftracker-lite.safetensors`. What trains is as in
the stage on a CPU, and the rate is that of it times about the root of the ratio of the batches.
"""

_base_ = [
    '../_base_/models/difftracker_lite.py',
    '../_base_/datasets/mixture_gpu_found.py',
    '../_base_/schedules/gpu_timed.py',
    '../_base_/things.py',
]

model = dict(
    backbone=dict(backbone=dict(frozen_stages=3)),
    decoder=dict(describer=dict(vocabulary=_base_.things, loss_weight=2.0), origins=True),
)
optim_wrapper = dict(optimizer=dict(lr=4e-4))
custom_hooks = [
    dict(type='FreezeHook', prefixes=['backbone.difference', 'neck.', 'dense_head.']),
    *_base_.custom_hooks,
]
