"""The mixture of `mixture.py` at 384 px and in larger batches, for a GPU."""

_base_ = './mixture.py'

image_size = (384, 384)

test_pipeline = [
    dict(type='LoadImagePair'),
    dict(type='PairResize', scale=image_size),
    dict(type='PackPairInputs'),
]
train_pipeline = [
    dict(type='LoadImagePair'),
    dict(type='PairResize', scale=image_size),
    dict(type='PairRandomFlip', prob=0.5),
    dict(type='PairRandomAffine', scale=(0.9, 1.15), translate=0.03, prob=0.5),
    dict(type='PairPhotometric', prob=0.4),
    dict(type='PackPairInputs'),
]
train_settings = dict(type='DiffGroundDataset', pipeline=train_pipeline, kinds=_base_.kinds, queries_per_pair=8)
train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    dataset=dict(
        samples_per_epoch=8000,
        datasets=[
            dict(train_settings, data_root=_base_.data_root + 'photo_train', ann_file='annotations/train.jsonl'),
            dict(train_settings, data_root=_base_.data_root + 'boards', ann_file='annotations/train.jsonl'),
            dict(train_settings, data_root=_base_.data_root + 'screens', ann_file='annotations/train.jsonl'),
        ],
    ),
)
val_dataloader = dict(batch_size=8, num_workers=4, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
