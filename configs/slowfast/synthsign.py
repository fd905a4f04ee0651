# A small SlowFast for the synthetic corpus: minutes on two CPU cores, from random weights.
from cslrkit.models.losses import published_losses

_base_ = [
    '../_base_/models/slowfastsign_r101.py',
    '../_base_/datasets/synthsign.py',
    '../_base_/schedules/adam_step_80e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    # Signs are short here: the slow pathway sees every second frame, the fast one has more channels.
    backbone=dict(depth=18, layout='8x8', fusion='fast_to_slow', width=8, alpha=2, beta_inv=2, pool_grid=2),
    neck=dict(hidden_size=256),
    head=dict(classifier='linear'),  # unit-length weights need wide features to become confident
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=5.0, Slow=0.25, Fast=0.25)),
)
train_dataloader = dict(batch_size=2)
optim_wrapper = dict(
    _delete_=True,
    type='GuardedOptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=1e-3),
    clip_grad=dict(max_norm=20.0),
)
param_scheduler = [dict(type='OneCycleLR', eta_max=1e-3, total_steps=12, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=12)
