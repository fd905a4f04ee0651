# For small networks on the synthetic corpus: AdamW with an epoch of linear warm-up, then a cosine, in full precision.
optim_wrapper = dict(
    type='GuardedOptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-3, fused=True),
    clip_grad=dict(max_norm=20.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min_ratio=0.01, begin=1, convert_to_iter_based=True),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=16, val_interval=1)
val_cfg = dict(type='ChunkedValLoop')
test_cfg = dict(type='ChunkedTestLoop')
