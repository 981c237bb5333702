"""`gpu_long.py` for Swin with a BERT that trains along: lower rates for what is pretrained. Not tuned yet."""

_base_ = './gpu_long.py'

optim_wrapper = dict(
    optimizer=dict(lr=1e-4),
    paramwise_cfg=dict(
        custom_keys={
            'text_encoder.encoder': dict(lr_mult=0.1),
            'relative_position_bias_table': dict(lr_mult=0.1, decay_mult=0.0),
        }
    ),
)
