# AdamW with one cycle: a rise to the largest learning rate over the first 30 %, then a fall to nearly 0.
optim_wrapper = dict(
    type='GuardedAmpOptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-2),
    clip_grad=dict(max_norm=10.0),
)
param_scheduler = [dict(type='OneCycleLR', eta_max=3e-4, convert_to_iter_based=True)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=80, val_interval=1)
val_cfg = dict(type='ChunkedValLoop')
test_cfg = dict(type='ChunkedTestLoop')
