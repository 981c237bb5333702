"""difftracker-swin-b: difftracker-swin-t on Swin-B, with the weights that were trained on ImageNet-22k at 384 px.

Weights from other places: see `difftracker_swin_t.py`.
"""

_base_ = './difftracker_swin_t.py'

model = dict(
    backbone=dict(
        backbone=dict(
            pretrain_img_size=384,
            embed_dims=128,
            depths=(2, 2, 18, 2),
            num_heads=(4, 8, 16, 32),
            window_size=12,
            drop_path_rate=0.3,
            init_cfg=dict(
                checkpoint='https://github.com/SwinTransformer/storage/releases/download/v1.0.0/'
                'swin_base_patch4_window12_384_22k.pth',
            ),
        ),
        in_channels=(128, 256, 512, 1024),
    ),
    decoder=dict(semantic_channels=(512, 1024)),
)
