"""`mixture_gpu.py` for models whose neck reads the sentence: each sentence costs a neck pass, so there are fewer."""

_base_ = './mixture_gpu.py'

train_dataloader = dict(
    batch_size=4,
    dataset=dict(datasets=[dict(item, queries_per_pair=4) for item in _base_.train_dataloader.dataset.datasets]),
)
val_dataloader = dict(batch_size=4)
test_dataloader = dict(batch_size=4)
