"""First stage of the shipped difftracker-lite: photographs, boards and screens, on two CPU cores."""

_base_ = [
    '../_base_/models/difftracker_lite.py',
    '../_base_/datasets/mixture.py',
    '../_base_/schedules/cpu_short.py',
    '../_base_/default_runtime.py',
]
