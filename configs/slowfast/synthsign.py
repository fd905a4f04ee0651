# A small SlowFast for the synthetic corpus: minutes on two CPU cores, from random weights.
from cslrkit.models.losses import published_losses

_base_ = [
    '../_base_/models/slowfastsign_r101.py',
    '../_base_/datasets/synthsign.py',
    '../_base_/schedules/adamw_cosine_16e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    # Signs are short here: every second frame is read, one pooling is enough, and the slow pathway sees
    # every second frame of these. Location tells glosses apart, so features keep a grid of places.
    backbone=dict(_delete_=True, type='SlowFast', depth=18, layout='8x8', width=8, alpha=2, beta_inv=2, pool_grid=2),
    neck=dict(hidden_size=256, kernel_spec=['K5', 'P2']),
    # Unit-length class weights, and sharing them with unbounded features, need wide layers to work.
    head=dict(num_layers=1, classifier='linear', share_classifier='none'),
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=5.0, Slow=0.25, Fast=0.25)),
)
train_dataloader = dict(batch_size=4)
train_cfg = dict(max_epochs=12, val_interval=2)
default_hooks = dict(checkpoint=dict(interval=2))
optim_wrapper = dict(optimizer=dict(lr=3e-3))
# With one epoch of warm-up, a run now and then stays with blanks until the fourth: 32 % WER in the place of 11.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, begin=0, end=2, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min_ratio=0.01, begin=2, convert_to_iter_based=True),
]
