# The published recipe of the keypoint networks: Adam 1e-3, 100 epochs, a cosine to 0 by epoch, in full precision.
max_epochs = 100
optim_wrapper = dict(
    type='GuardedOptimWrapper',
    optimizer=dict(type='Adam', lr=1e-3, weight_decay=1e-3),
)
param_scheduler = [dict(type='CosineAnnealingLR')]  # ends with the training
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=1)
val_cfg = dict(type='ChunkedValLoop')
test_cfg = dict(type='ChunkedTestLoop')
