"""difftracker-small on photographs, boards and screens, on one GPU."""

_base_ = [
    '../_base_/models/difftracker_small.py',
    '../_base_/datasets/mixture_gpu.py',
    '../_base_/schedules/gpu_long.py',
    '../_base_/default_runtime.py',
]
