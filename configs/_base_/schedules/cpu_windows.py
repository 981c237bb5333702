"""The third stage on a CPU: all trains on at a smaller rate, the last stage of the backbone at a much smaller one."""

max_epochs = 10
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=max_epochs)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='Bf16OptimWrapper',
    optimizer=dict(type='AdamW', lr=3e-4, weight_decay=1e-2),
    clip_grad=dict(max_norm=30.0),
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        custom_keys={
            'backbone.backbone': dict(lr_mult=0.2),
            'decoder.alignment': dict(lr_mult=2.0),
            'decoder.place': dict(lr_mult=2.0),
            'decoder.describer': dict(lr_mult=2.0),
            'decoder.evidence.semantics': dict(lr_mult=1.5),
            'head.match': dict(lr_mult=1.5),
        },
    ),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, begin=0, end=60),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        begin=0,
        end=max_epochs,
        eta_min_ratio=0.01,
        convert_to_iter_based=True,
    ),
]
