# The starter on synthsign: ResNet18 per frame, temporal convolution, BiLSTM.
_base_ = [
    '../_base_/models/resnet18_bilstm.py',
    '../_base_/datasets/synthsign.py',
    '../_base_/schedules/adam_step_80e.py',
    '../_base_/default_runtime.py',
]
train_cfg = dict(max_epochs=30)
