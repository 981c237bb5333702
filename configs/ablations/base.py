"""What every ablation differs from: difftracker-lite on a short schedule at 192 px."""

_base_ = [
    '../_base_/models/difftracker_lite.py',
    '../_base_/datasets/ablation.py',
    '../_base_/schedules/ablation.py',
]
