"""`mixture_gpu.py` for models whose neck reads the sentence: each sentence costs a neck pass, so there are fewer."""

_base_ = './mixture_gpu.py'

train_settings = dict(type='DiffGroundDataset', pipeline=_base_.train_pipeline, kinds=_base_.kinds, queries_per_pair=4)
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        datasets=[
            dict(train_settings, data_root=_base_.data_root + 'photo_train', ann_file='annotations/train.jsonl'),
            dict(train_settings, data_root=_base_.data_root + 'boards', ann_file='annotations/train.jsonl'),
            dict(train_settings, data_root=_base_.data_root + 'screens', ann_file='annotations/train.jsonl'),
        ],
    ),
)
val_dataloader = dict(batch_size=4)
test_dataloader = dict(batch_size=4)
