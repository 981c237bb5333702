"""The sets and shares of `mixture.py` at 384 px and in larger batches, for a GPU."""

_base_ = './mixture.py'

image_size = (384, 384)
test_pipeline, train_pipeline = (
    [dict(step, scale=image_size) if step['type'] == 'PairResize' else step for step in pipeline]
    for pipeline in (_base_.test_pipeline, _base_.train_pipeline)
)
test_pipeline = [*test_pipeline[:-1], dict(type='AlignPair'), test_pipeline[-1]]
# Not all: a pair whose camera motion cannot be found is read as it is, also when the model is used.
load, find, resize, *augmentations = train_pipeline
train_pipeline = [load, find, resize, dict(type='AlignPair', prob=0.8), *augmentations]
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
