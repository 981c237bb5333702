"""Photographs without decoys: no filled holes, and nothing is cut out and pasted back where nothing changed."""

_base_ = './base.py'

folder = _base_.data_root + 'ablation_photo_no-decoys'
train_dataloader = dict(
    dataset=dict(
        datasets=[*(dict(item, data_root=folder) for item in _base_.photographs), *_base_.boards, *_base_.screens]
    )
)
