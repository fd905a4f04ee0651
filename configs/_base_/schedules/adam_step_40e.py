# The published recipe of CorrNet, and of VAC_CSLR since 2022: Adam 1e-4, 40 epochs, times 0.2 at 20 and 35.
optim_wrapper = dict(
    type='GuardedAmpOptimWrapper',
    optimizer=dict(type='Adam', lr=1e-4, weight_decay=1e-4),
)
param_scheduler = [dict(type='MultiStepLR', milestones=[20, 35], gamma=0.2)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=40, val_interval=1)
val_cfg = dict(type='ChunkedValLoop')
test_cfg = dict(type='ChunkedTestLoop')
