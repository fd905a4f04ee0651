# The published recipe of M2ETP: Adam 2e-4, 60 epochs, mixed precision, learning rate times 0.2 at 25 and 40.
_base_ = './adam_step_80e.py'
optim_wrapper = dict(optimizer=dict(lr=2e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[25, 40], gamma=0.2)]
train_cfg = dict(max_epochs=60)
