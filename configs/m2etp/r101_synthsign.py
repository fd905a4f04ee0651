# A small M2ETP for the synthetic corpus, from random weights.
from cslrkit.models.losses import published_losses

_base_ = [
    '../_base_/models/m2etp_r101.py',
    '../_base_/datasets/synthsign.py',
    '../_base_/schedules/adamw_cosine_16e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(depth=18, width=8, alpha=2, beta_inv=2, pool_grid=2, dropout=0.0, init_cfg=None),
    neck=dict(hidden_size=256, kernel_spec=['K5', 'E2']),  # every second frame is read, so one pooling is enough
    head=dict(num_layers=1),
    losses=[
        *published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=5.0)),
        *published_losses(dict(ConvCTC=0.25, Dist=1.25), stream='early'),
        *published_losses(dict(ConvCTC=0.25, Dist=1.25), stream='middle'),
    ],
)
train_dataloader = dict(batch_size=2)
