# AdamW with two epochs of linear warm-up, then a cosine to a fortieth of the learning rate.
warmup_epochs = 2
optim_wrapper = dict(
    type='GuardedAmpOptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-2),
    clip_grad=dict(max_norm=10.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=warmup_epochs, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min_ratio=0.025, begin=warmup_epochs, convert_to_iter_based=True),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=80, val_interval=1)
val_cfg = dict(type='ChunkedValLoop')
test_cfg = dict(type='ChunkedTestLoop')
