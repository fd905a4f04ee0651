# USTM (2025): Swin-B with adapters over the clip, a neck of six branches with TLP's pooling. gufranSabri/USTM bdd57c5.
from cslrkit.models.losses import published_losses

_base_ = './corrnet_r18.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='USTM',
        size='b',
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://swin_b'),
    ),
    neck=dict(type='MultiScaleTemporalConv', kernel_spec=['K5', 'L2', 'K5', 'L2']),
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=25.0, Cu=0.001, Cp=0.001)),
)
