"""Photographs, boards and screens at 384 px, the size of the photographs' longer side.

Beside the sets of `mixture.py`: windows of boards and screenshots, pairs that offer a choice with sentences that need
each of their words, and `photo_exact`, photographs whose pixels are equal but for changes and decoys.
"""

_base_ = './mixture.py'

image_size = (384, 384)

test_pipeline, train_pipeline = (
    [dict(step, scale=image_size) if step['type'] == 'PairResize' else step for step in pipeline]
    for pipeline in (_base_.test_pipeline, _base_.train_pipeline)
)
dense = dict(_base_.train_settings, pipeline=train_pipeline, ann_file='annotations/train_dense.jsonl', seed=61)
concise = dict(dense, ann_file='annotations/train_concise.jsonl', min_changes=2, seed=62)
train_dataloader = dict(
    dataset=dict(
        samples_per_epoch=1800,
        seed=61,
        weights=(3.0, 3.0, 0.8, 0.6, 0.5, 1.1, 0.4, 1.0, 1.0),
        datasets=[
            dict(dense, data_root=_base_.data_root + 'photo_train'),
            dict(concise, data_root=_base_.data_root + 'photo_train'),
            dict(dense, data_root=_base_.data_root + 'photo_exact'),
            dict(concise, data_root=_base_.data_root + 'photo_exact'),
            dict(dense, data_root=_base_.data_root + 'boards'),
            dict(dense, data_root=_base_.data_root + 'boards_windows'),
            dict(dense, data_root=_base_.data_root + 'screens_train'),
            dict(dense, data_root=_base_.data_root + 'screens', ann_file='annotations/train.jsonl'),
            dict(dense, data_root=_base_.data_root + 'screens_windows'),
        ],
    )
)
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
