"""The mixture of `mixture.py`, photographs and screens composed on the fly out of a pack.

`tools/gpu/train.py` makes and unpacks the pack and names its folder in `DIFFTRACKER_PACK`; docs/gpu_training.md.
Pairs that offer a choice get sentences that need each of their words, as in the second stage on a CPU.
"""

_base_ = './mixture.py'

data_root = '{{$DIFFTRACKER_PACK:data/pack}}/'
# Most pairs are laid over one another first. Not all: a pair whose camera motion cannot be found is read as it is, also
# when the model is used.
load, find, resize, *augmentations = _base_.train_pipeline
align = dict(type='AlignPair', features=400)
train_pipeline = [load, find, resize, dict(align, prob=0.8), *augmentations]
test_pipeline = [*_base_.test_pipeline[:-1], align, _base_.test_pipeline[-1]]
composed = dict(
    type='ComposedPairs',
    data_root=data_root,
    # All but the step that loads pictures.
    pipeline=train_pipeline[1:],
    kinds=_base_.kinds,
    pairs=10_000,
    queries_per_pair=_base_.train_settings.queries_per_pair,
    long_side=max(_base_.image_size),
    cutouts='cutouts/index.csv',
)
train_dataloader = dict(
    batch_size=64,
    # One process trains, the others compose; on a machine with 16 cores.
    num_workers=14,
    prefetch_factor=3,
    drop_last=True,
    dataset=dict(
        # About a minute of training lies between two checkpoints.
        samples_per_epoch=16_384,
        datasets=[
            dict(composed, recipe=data_root + 'recipes/photo.json'),
            dict(composed, recipe=data_root + 'recipes/photo.json', min_changes=2, concise=True, seed=1),
            dict(
                _base_.train_dataloader.dataset.datasets[2],
                pipeline=train_pipeline,
                data_root=data_root + 'boards',
                ann_file='annotations/train.jsonl',
            ),
            dict(composed, recipe=data_root + 'recipes/screens.json', seed=2),
        ],
    ),
)
val_settings = dict(data_root=data_root + 'val', ann_file='annotations/val.jsonl')
val_dataloader = dict(batch_size=16, num_workers=8, dataset=dict(val_settings, pipeline=test_pipeline))
val_evaluator = val_settings
test_dataloader = val_dataloader
test_evaluator = val_evaluator
