# CorrNet+ (2024): ResNet-18 that gathers from the frames around each, and TLP's pooling; the rest is CorrNet's.
# hulianyuyy/CorrNet_Plus f58b4ed.
from cslrkit.models.losses import published_losses

_base_ = './corrnet_r18.py'
model = dict(
    backbone=dict(type='CorrNetPlus'),
    neck=dict(kernel_spec=['K5', 'L2', 'K5', 'L2']),
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=25.0, Cu=0.0005, Cp=0.0005)),
)
