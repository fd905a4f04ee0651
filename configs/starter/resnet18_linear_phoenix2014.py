# The starter on phoenix2014: ResNet18 per frame, temporal convolution, linear classifier.
_base_ = [
    '../_base_/models/resnet18_linear.py',
    '../_base_/datasets/phoenix2014.py',
    '../_base_/schedules/adam_step_80e.py',
    '../_base_/default_runtime.py',
]
