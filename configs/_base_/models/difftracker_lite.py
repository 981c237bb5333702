"""difftracker-lite: EfficientNet-Lite0 and MiniLM; the text enters in the decoder, after the pyramid."""

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
embed_dims = 192
value_dims = 128
stage_dims = (32, 96, 128, 128)

model = dict(
    type='DiffTracker',
    data_preprocessor=dict(type='PairDataPreprocessor', mean=(127.0,) * 3, std=(128.0,) * 3, size_divisor=32),
    backbone=dict(
        type='DifferentialBackbone',
        backbone=dict(type='EfficientNetLite', arch='lite0', frozen_stages=4, pretrained=True),
        difference=dict(type='DifferenceEnhancement', window=(3, 3, 3, 3), enhancement=True, suppression=True),
        in_channels=(24, 40, 112, 320),
        out_channels=stage_dims,
    ),
    text_encoder=dict(
        type='TextEncoder', name='minilm', out_channels=embed_dims, frozen=True, adapter_layers=1, cache_size=300_000
    ),
    neck=dict(
        type='VisionLanguageNeck', in_channels=stage_dims, embed_dims=value_dims, fusion_layers=0, encoder_layers=0
    ),
    dense_head=dict(type='DenseChangeHead', in_channels=value_dims),
    decoder=dict(
        type='TextConditionedDecoder',
        embed_dims=embed_dims,
        value_dims=value_dims,
        num_levels=3,
        num_queries=20,
        region_queries=20,
        num_layers=5,
        text_from_layer=2,
        num_heads=6,
        num_points=4,
        dropout=0.0,
        semantic_channels=(112, 320),
        attributes=8,
        describer=dict(type='ChangeDescriber', embed_dims=embed_dims),
    ),
    head=dict(type='DiffTrackerHead', kinds=change_kinds, embed_dims=embed_dims, num_layers=5, alignment_dims=8 * 32),
    denoising=dict(positive_noise=0.4, negative_noise=1.0),
)
