"""difftracker-lite on one GPU in 22 minutes, pairs composed on the fly; run by `tools/gpu/train.py`.

On a GPU the backbone can afford to train; on a CPU it is frozen.
"""

_base_ = [
    '../_base_/models/difftracker_lite.py',
    '../_base_/datasets/mixture_gpu_composed.py',
    '../_base_/schedules/gpu_timed.py',
]

model = dict(backbone=dict(backbone=dict(frozen_stages=1)))
