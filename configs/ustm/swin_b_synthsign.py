# A small USTM for the synthetic corpus, from random weights.
from cslrkit.models.losses import published_losses

_base_ = [
    '../_base_/models/ustm_swin.py',
    '../_base_/datasets/synthsign.py',
    '../_base_/schedules/adamw_cosine_16e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(size='t', width=32, depths=[1, 1, 2, 1], init_cfg=None),
    neck=dict(hidden_size=128, kernel_spec=['K5', 'L2']),  # every second frame is read, so one pooling is enough
    head=dict(num_layers=1),
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=5.0, Cu=0.0005, Cp=0.0005)),
)
train_dataloader = dict(batch_size=2)
