"""The domains of `mixture.py` at 192 px with six sentences a pair, and the sets that an ablation is scored on.

The photographs are a set of their own, so that the same set without decoys can be made by the same generator;
docs/ablations.md says how. Pairs that offer a choice get sentences that need each of their words.
"""

_base_ = './mixture.py'

data_root = 'data/'
image_size = (192, 192)

test_pipeline = [
    dict(type='LoadImagePair'),
    dict(type='FindDifferingRegions'),
    dict(type='PairResize', scale=image_size),
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
train_settings = dict(type='DiffGroundDataset', pipeline=train_pipeline, kinds=_base_.kinds, queries_per_pair=6)
photographs = [
    dict(train_settings, data_root=data_root + 'ablation_photo', ann_file='annotations/train_dense.jsonl'),
    dict(
        train_settings,
        data_root=data_root + 'ablation_photo',
        ann_file='annotations/train_concise.jsonl',
        min_changes=2,
        seed=1,
    ),
]
boards = [dict(train_settings, data_root=data_root + 'boards', ann_file='annotations/train_dense.jsonl')]
screens = [dict(train_settings, data_root=data_root + 'screens_train', ann_file='annotations/train_dense.jsonl')]
train_dataloader = dict(
    batch_size=8,
    dataset=dict(samples_per_epoch=1000, weights=(4, 4, 1, 1), datasets=[*photographs, *boards, *screens]),
)
# Every run is scored once, at its end.
val_dataloader = None
val_evaluator = None
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_sets = [
    dict(name='photographs', data_root=data_root + 'photo_val', ann_file='annotations/val.jsonl', pairs=400),
    dict(name='boards', data_root=data_root + 'boards', ann_file='annotations/val.jsonl'),
    dict(name='screens', data_root=data_root + 'screens', ann_file='annotations/val.jsonl'),
]
