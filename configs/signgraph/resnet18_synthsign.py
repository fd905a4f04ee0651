# A small SignGraph for the synthetic corpus, from random weights.
from cslrkit.models.losses import published_losses

_base_ = [
    '../_base_/models/signgraph_r18.py',
    '../_base_/datasets/synthsign.py',
    '../_base_/schedules/adamw_cosine_16e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(width=16, pool_grid=2, temporal_pairs='nearest', init_cfg=None),
    neck=dict(hidden_size=512, kernel_spec=['K5', 'P2']),  # every second frame is read, so one pooling is enough
    head=dict(num_layers=1),
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=5.0)),
)
train_dataloader = dict(batch_size=2)
