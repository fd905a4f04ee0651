# What follows the backbone of configs/slowfast/synthsign.py, trained on its features (docs/features.md).
from cslrkit.models.losses import published_losses

_base_ = [
    '../_base_/models/slowfastsign_r101.py',
    '../_base_/datasets/features_synthsign.py',
    '../_base_/schedules/adamw_cosine_16e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(
        _delete_=True,
        type='PrecomputedFeatures',
        streams=dict(slow=dict(channels=1024, stride=2), fast=dict(channels=512)),
    ),
    data_preprocessor=dict(type='FeatureDataPreprocessor'),
    # As configs/slowfast/synthsign.py has them.
    neck=dict(hidden_size=256, kernel_spec=['K5', 'P2']),
    head=dict(num_layers=1, classifier='linear', share_classifier='none'),
    # The losses of the auxiliary streams train the backbone: without them, only the main stream is computed.
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=5.0)),
)
max_epochs = 12
train_cfg = dict(max_epochs=max_epochs, val_interval=2)
default_hooks = dict(checkpoint=dict(interval=2))
optim_wrapper = dict(optimizer=dict(lr=3e-3))
param_scheduler = [
    _base_.param_scheduler[0],
    dict(_base_.param_scheduler[1], T_max=max_epochs - 1, end=max_epochs),
]
