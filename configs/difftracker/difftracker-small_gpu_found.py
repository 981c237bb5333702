"""The last stage of the shipped difftracker-small on one GPU in 22 minutes; run by `tools/gpu/train.py`.

Start from trained weights: `--start difftracker/checkpoint/weights/difftracker-small.safetensors`. What trains is as in
the stage on a CPU, and the rate is that of it times about the root of the ratio of the batches.
"""

_base_ = [
    '../_base_/models/difftracker_small.py',
    '../_base_/datasets/mixture_gpu_found.py',
    '../_base_/schedules/gpu_timed.py',
    '../_base_/things.py',
]

model = dict(
    backbone=dict(backbone=dict(frozen_stages=3)),
    decoder=dict(describer=dict(vocabulary=_base_.things, loss_weight=2.0)),
)
# When the larger model is used, aligning may take its time.
*steps, quick, pack = _base_.test_pipeline
test_pipeline = [*steps, dict(type='AlignPair'), pack]
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
train_dataloader = dict(batch_size=48)
optim_wrapper = dict(optimizer=dict(lr=4e-4))
custom_hooks = [
    dict(type='FreezeHook', prefixes=['backbone.difference', 'neck.', 'dense_head.']),
    *_base_.custom_hooks,
]
