"""difftracker-swin-t: Swin-T and BERT-base, two-way fusion in the neck, language-guided query selection.

The weights come from outside. Defaults: ImageNet weights of Swin at the address of `init_cfg`, read when training
starts; `bert-base-uncased` of the model hub, read when the model is built. Other places, by config or `--cfg-options`:

- `model.backbone.backbone.init_cfg.checkpoint=PATH_OR_URL`: Swin weights in the layout of the official release; for a
  detector of mmdet add `model.backbone.backbone.convert_weights=False`;
- `model.backbone.backbone.init_cfg=None`: random weights;
- `model.text_encoder.name=FOLDER`: a BERT that `transformers` saved there, for machines without network;
- `load_from=CHECKPOINT`: weights of the whole detector, from `tools/train.py`.
"""

change_kinds = (
    'appearance',
    'replace',
    'remove',
    'add',
    'move',
    'open',
    'short',
    'mousebite',
    'spur',
    'copper',
    'pin-hole',
)
embed_dims = 256
stage_dims = (64, 128, 256, 256)
num_layers = 6

model = dict(
    type='DiffTracker',
    data_preprocessor=dict(
        type='PairDataPreprocessor', mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375), size_divisor=32
    ),
    backbone=dict(
        type='DifferentialBackbone',
        backbone=dict(
            type='SwinTransformer',
            embed_dims=96,
            depths=(2, 2, 6, 2),
            num_heads=(3, 6, 12, 24),
            window_size=7,
            drop_path_rate=0.2,
            out_indices=(0, 1, 2, 3),
            with_cp=False,
            convert_weights=True,
            init_cfg=dict(
                type='Pretrained',
                checkpoint='https://github.com/SwinTransformer/storage/releases/download/v1.0.0/'
                'swin_tiny_patch4_window7_224.pth',
            ),
        ),
        difference=dict(type='DifferenceEnhancement', window=(5, 5, 3, 3), enhancement=True, suppression=True),
        in_channels=(96, 192, 384, 768),
        out_channels=stage_dims,
    ),
    text_encoder=dict(
        type='TextEncoder', name='bert-base-uncased', out_channels=embed_dims, frozen=False, adapter_layers=0
    ),
    neck=dict(
        type='VisionLanguageNeck', in_channels=stage_dims, embed_dims=embed_dims, fusion_layers=3, encoder_layers=6
    ),
    dense_head=dict(type='DenseChangeHead', in_channels=embed_dims, text_channels=embed_dims),
    # The neck already makes one pyramid per sentence, so every layer of the decoder can read the words.
    decoder=dict(
        type='TextConditionedDecoder',
        embed_dims=embed_dims,
        value_dims=embed_dims,
        num_levels=3,
        num_queries=100,
        region_queries=20,
        num_layers=num_layers,
        text_from_layer=0,
        num_heads=8,
        num_points=4,
        cells_per_query=3,
        semantic_channels=(384, 768),
        attributes=8,
        describer=dict(type='ChangeDescriber', embed_dims=embed_dims),
    ),
    head=dict(
        type='DiffTrackerHead', kinds=change_kinds, embed_dims=embed_dims, num_layers=num_layers, alignment_dims=8 * 32
    ),
    denoising=dict(positive_noise=0.4, negative_noise=1.0),
)
