# The starter on synthsign: ResNet18 per frame, temporal convolution, linear classifier.
_base_ = [
    '../_base_/models/resnet18_linear.py',
    '../_base_/datasets/synthsign.py',
    '../_base_/schedules/adam_step_80e.py',
    '../_base_/default_runtime.py',
]
model = dict(neck=dict(kernel_spec=['K5', 'P2']))  # every second frame is read, so one pooling is enough
param_scheduler = [dict(type='MultiStepLR', milestones=[15, 22], gamma=0.2)]
train_cfg = dict(max_epochs=30)
