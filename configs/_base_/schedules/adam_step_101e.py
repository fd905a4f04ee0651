# The published recipe of SignGraph: Adam 1e-4, 101 epochs, mixed precision, learning rate times 0.2 at 20, 30 and 35.
_base_ = './adam_step_80e.py'
param_scheduler = [dict(type='MultiStepLR', milestones=[20, 30, 35], gamma=0.2)]
train_cfg = dict(max_epochs=101)
