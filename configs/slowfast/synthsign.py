# A small SlowFast for the synthetic corpus: minutes on two CPU cores.
_base_ = [
    '../_base_/models/slowfastsign_r101.py',
    '../_base_/datasets/synthsign.py',
    '../_base_/schedules/adam_step_80e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(depth=18, layout='8x8', width=16),
    neck=dict(hidden_size=256),
)
optim_wrapper = dict(
    _delete_=True,
    type='GuardedOptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=1e-3),
    clip_grad=dict(max_norm=20.0),
)
param_scheduler = [dict(type='OneCycleLR', eta_max=1e-3, total_steps=20, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=20)
