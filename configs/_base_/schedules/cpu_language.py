"""The second stage on a CPU: the image side stays, the layers that read the sentence train on."""

max_epochs = 9
# In several processes: what a hook freezes after the model is wrapped gets no gradient.
find_unused_parameters = True
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=max_epochs)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='Bf16OptimWrapper',
    optimizer=dict(type='AdamW', lr=4e-4, weight_decay=1e-2),
    clip_grad=dict(max_norm=25.0),
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        # Parts that compare with the sentence start from scratch or nearly so.
        custom_keys={
            'decoder.alignment': dict(lr_mult=3.0),
            'decoder.place': dict(lr_mult=3.0),
            'decoder.describer': dict(lr_mult=3.0),
            'decoder.evidence.semantics': dict(lr_mult=2.0),
            'head.match': dict(lr_mult=2.0),
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
