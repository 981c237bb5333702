"""difftracker-small on one GPU in 22 minutes, pairs composed on the fly; run by `tools/gpu/train.py`."""

_base_ = [
    '../_base_/models/difftracker_small.py',
    '../_base_/datasets/mixture_gpu_composed.py',
    '../_base_/schedules/gpu_timed.py',
]

train_dataloader = dict(batch_size=48)
