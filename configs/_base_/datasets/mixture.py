"""Photographs, boards and screens; docs/training.md says how the sets under the data root are made."""

data_root = 'data/'
image_size = (320, 320)
# Screenshots and boards are read at up to this size, since what changed there may be a few pixels large. Chosen on the
# boards; of four sizes it is also the one at which sentences about screenshots choose best (docs/training.md).
exact_size = (480, 480)
kinds = ('appearance', 'replace', 'remove', 'add', 'move', 'open', 'short', 'mousebite', 'spur', 'copper', 'pin-hole')
score_threshold = 0.25

test_pipeline = [
    dict(type='LoadImagePair'),
    dict(type='FindDifferingRegions'),
    dict(type='PairResize', scale=image_size, exact_scale=exact_size),
    dict(type='PackPairInputs'),
]
# The shared zoom and shift stay small: a sentence that says "on the left" must stay true.
train_pipeline = [
    dict(type='LoadImagePair'),
    # A batch with one pair of boards would otherwise make all its pairs pay for twenty.
    dict(type='FindDifferingRegions', max_regions=8),
    dict(type='PairResize', scale=image_size),
    dict(type='PairRandomFlip', prob=0.5),
    dict(type='PairRandomAffine', scale=(0.9, 1.15), translate=0.03, prob=0.5),
    dict(type='PairPhotometric', prob=0.4),
    dict(type='PackPairInputs'),
]
train_settings = dict(type='DiffGroundDataset', pipeline=train_pipeline, kinds=kinds, queries_per_pair=12)
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(
        type='PairMixture',
        samples_per_epoch=2000,
        weights=(4, 4, 1, 1),
        datasets=[
            dict(train_settings, data_root=data_root + 'photo_train', ann_file='annotations/train_dense.jsonl'),
            # Choosing is learned from pairs that offer a choice.
            dict(
                train_settings,
                data_root=data_root + 'photo_train',
                ann_file='annotations/train_dense.jsonl',
                min_changes=2,
                seed=1,
            ),
            dict(train_settings, data_root=data_root + 'boards', ann_file='annotations/train_dense.jsonl'),
            dict(train_settings, data_root=data_root + 'screens_train', ann_file='annotations/train_dense.jsonl'),
        ],
    ),
)
val_settings = dict(data_root=data_root + 'photo_val', ann_file='annotations/val.jsonl')
val_dataloader = dict(
    batch_size=4,
    num_workers=1,
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(type='DiffGroundDataset', pipeline=test_pipeline, kinds=kinds, test_mode=True, **val_settings),
)
val_evaluator = dict(type='DiffGroundMetric', score_threshold=score_threshold, **val_settings)
test_dataloader = val_dataloader
test_evaluator = val_evaluator
