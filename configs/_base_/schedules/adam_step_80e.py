# The published recipe: Adam 1e-4, 80 epochs, mixed precision, learning rate times 0.2 at 40 and 60.
optim_wrapper = dict(
    type='GuardedAmpOptimWrapper',
    optimizer=dict(type='Adam', lr=1e-4, weight_decay=1e-4),
)
param_scheduler = [dict(type='MultiStepLR', milestones=[40, 60], gamma=0.2)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=80, val_interval=1)
val_cfg = dict(type='ChunkedValLoop')
test_cfg = dict(type='ChunkedTestLoop')
