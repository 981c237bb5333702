"""Photographs, boards and screens at 384 px, the size of the photographs' longer side.

Beside the sets of `mixture.py`: windows of boards and screenshots, pairs that offer a choice with sentences that need
each of their words, and `photo_exact`, photographs whose pixels are equal but for changes and decoys.
"""

_base_ = './mixture.py'

data_root = 'data/'
image_size = (384, 384)
exact_size = (480, 480)

test_pipeline = [
    dict(type='LoadImagePair'),
    dict(type='FindDifferingRegions'),
    dict(type='PairResize', scale=image_size, exact_scale=exact_size),
    dict(type='PackPairInputs'),
]
train_pipeline = [
    dict(type='LoadImagePair'),
    dict(type='FindDifferingRegions', max_regions=8),
    dict(type='PairResize', scale=image_size),
    dict(type='PairRandomFlip', prob=0.5),
    dict(type='PairRandomAffine', scale=(0.9, 1.15), translate=0.03, prob=0.5),
    dict(type='PairPhotometric', prob=0.4),
    dict(type='PackPairInputs'),
]
dense = dict(
    type='DiffGroundDataset',
    pipeline=train_pipeline,
    kinds=_base_.kinds,
    queries_per_pair=12,
    ann_file='annotations/train_dense.jsonl',
    seed=61,
)
concise = dict(dense, ann_file='annotations/train_concise.jsonl', min_changes=2, seed=62)
train_dataloader = dict(
    dataset=dict(
        samples_per_epoch=1800,
        seed=61,
        weights=(3.0, 3.0, 0.8, 0.6, 0.5, 1.1, 0.4, 1.0, 1.0),
        datasets=[
            dict(dense, data_root=data_root + 'photo_train'),
            dict(concise, data_root=data_root + 'photo_train'),
            dict(dense, data_root=data_root + 'photo_exact'),
            dict(concise, data_root=data_root + 'photo_exact'),
            dict(dense, data_root=data_root + 'boards'),
            dict(dense, data_root=data_root + 'boards_windows'),
            dict(dense, data_root=data_root + 'screens_train'),
            dict(dense, data_root=data_root + 'screens', ann_file='annotations/train.jsonl'),
            dict(dense, data_root=data_root + 'screens_windows'),
        ],
    )
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
