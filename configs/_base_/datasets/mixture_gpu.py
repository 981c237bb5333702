"""The sets and shares of `mixture.py` at 384 px and in larger batches, for a GPU."""

_base_ = './mixture.py'

image_size = (384, 384)
align = dict(type='AlignPair')

test_pipeline = [
    dict(type='LoadImagePair'),
    dict(type='FindDifferingRegions'),
    dict(type='PairResize', scale=image_size),
    align,
    dict(type='PackPairInputs'),
]
train_pipeline = [
    dict(type='LoadImagePair'),
    dict(type='FindDifferingRegions', max_regions=8),
    dict(type='PairResize', scale=image_size),
    # Not all: a pair whose camera motion cannot be found is read as it is, also when the model is used.
    dict(type='RandomApply', transforms=[align], prob=0.8),
    dict(type='PairRandomFlip', prob=0.5),
    dict(type='PairRandomAffine', scale=(0.9, 1.15), translate=0.03, prob=0.5),
    dict(type='PairPhotometric', prob=0.4),
    dict(type='PackPairInputs'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    dataset=dict(
        samples_per_epoch=8000,
        datasets=[dict(item, pipeline=train_pipeline) for item in _base_.train_dataloader.dataset.datasets],
    ),
)
val_dataloader = dict(batch_size=8, num_workers=4, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
