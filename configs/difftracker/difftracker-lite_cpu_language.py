"""Second stage of the shipped difftracker-lite: sentences that need each of their words, image side frozen.

Start from the first stage: `--cfg-options load_from=work_dirs/lite/epoch_20.pth`.
"""

_base_ = [
    '../_base_/models/difftracker_lite.py',
    '../_base_/datasets/mixture.py',
    '../_base_/schedules/cpu_language.py',
    '../_base_/default_runtime.py',
]

settings = dict(
    type='DiffGroundDataset', pipeline={{_base_.train_pipeline}}, kinds={{_base_.kinds}}, queries_per_pair=12, seed=7
)
train_dataloader = dict(
    dataset=dict(
        seed=7,
        weights=(3, 5, 1, 1),
        datasets=[
            dict(settings, data_root='data/photo_train', ann_file='annotations/train_dense.jsonl'),
            dict(settings, data_root='data/photo_train', ann_file='annotations/train_concise.jsonl', min_changes=2),
            dict(settings, data_root='data/boards', ann_file='annotations/train_dense.jsonl'),
            dict(settings, data_root='data/screens_train', ann_file='annotations/train_dense.jsonl'),
        ],
    )
)
custom_hooks = [
    dict(type='EpochSeedHook', seed=7),
    dict(type='NonFiniteLossHook'),
    dict(type='FreezeHook', prefixes=['backbone.', 'neck.', 'dense_head.']),
    dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.001, gamma=300, update_buffers=False),
]
