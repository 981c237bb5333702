"""Third stage of the shipped difftracker-lite: windows of boards and screenshots at the size that they have.

All but the first three stages of the backbone trains. Start from the second stage:
`--cfg-options load_from=work_dirs/language/epoch_9.pth`.
"""

_base_ = [
    '../_base_/models/difftracker_lite.py',
    '../_base_/datasets/mixture.py',
    '../_base_/schedules/cpu_windows.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(backbone=dict(frozen_stages=3)))
settings = dict(
    type='DiffGroundDataset', pipeline={{_base_.train_pipeline}}, kinds={{_base_.kinds}}, queries_per_pair=12, seed=35
)
train_dataloader = dict(
    dataset=dict(
        seed=31,
        weights=(3.2, 4.2, 0.3, 0.8, 0.4, 0.3, 1.4),
        datasets=[
            dict(settings, data_root='data/photo_train', ann_file='annotations/train_dense.jsonl'),
            dict(settings, data_root='data/photo_train', ann_file='annotations/train_concise.jsonl', min_changes=2),
            dict(settings, data_root='data/boards', ann_file='annotations/train_dense.jsonl'),
            dict(settings, data_root='data/boards_windows', ann_file='annotations/train_dense.jsonl'),
            dict(settings, data_root='data/screens_train', ann_file='annotations/train_dense.jsonl'),
            dict(settings, data_root='data/screens', ann_file='annotations/train.jsonl'),
            dict(settings, data_root='data/screens_windows', ann_file='annotations/train_dense.jsonl'),
        ],
    )
)
custom_hooks = [
    dict(type='EpochSeedHook', seed=28),
    dict(type='NonFiniteLossHook'),
    dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.001, gamma=300, update_buffers=False),
]
