"""Second stage of the shipped difftracker-lite: 16 sentences per pair, image side frozen.

Start from the first stage: `--cfg-options load_from=work_dirs/difftracker-lite_cpu_mixture/epoch_N.pth`.
"""

_base_ = [
    '../_base_/models/difftracker_lite.py',
    '../_base_/datasets/mixture.py',
    '../_base_/schedules/cpu_language.py',
    '../_base_/default_runtime.py',
]

dense_settings = dict(
    type='DiffGroundDataset',
    pipeline={{_base_.train_pipeline}},
    kinds={{_base_.kinds}},
    queries_per_pair=16,
    ann_file='annotations/train_dense.jsonl',
)
train_dataloader = dict(
    dataset=dict(
        seed=1,
        datasets=[
            dict(dense_settings, data_root='data/photo_train', seed=1),
            dict(dense_settings, data_root='data/boards', seed=1),
            dict(dense_settings, data_root='data/screens_train', seed=1),
        ],
    )
)
image_side = [
    'backbone.',
    'neck.',
    'dense_head.',
    'decoder.evidence.',
    'decoder.position.',
    'decoder.norm.',
    'decoder.layers.0.',
    'decoder.layers.1.',
    'decoder.refine.0.',
    'decoder.refine.1.',
    'head.change.0.',
    'head.change.1.',
    'head.kind.0.',
    'head.kind.1.',
]
custom_hooks = [
    dict(type='EpochSeedHook', seed=1),
    dict(type='NonFiniteLossHook'),
    dict(type='FreezeHook', prefixes=image_side),
    dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.002, gamma=200, update_buffers=False),
]
