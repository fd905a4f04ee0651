# M2ETP: SlowFast R101 with a slow pathway of typical frames, three streams of features and enhanced temporal pooling.
# From a description of xhonghu/M2ETP-master 4e90f80.
from cslrkit.models.losses import published_losses

_base_ = './vac_r18.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='M2ETP',
        depth=101,
        init_cfg=dict(type='Pretrained', checkpoint='pyslowfast://SLOWFAST_64x2_R101_50_50'),
    ),
    neck=dict(type='MultiStreamTemporalConv', kernel_spec=['K5', 'E2', 'K5', 'E2']),
    head=dict(classifier='norm_linear', share_classifier='all'),
    # As published, CTC behind the BiLSTM trains the last stream alone.
    losses=[
        *published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=25.0)),
        *published_losses(dict(ConvCTC=1.0, Dist=25.0), stream='early'),
        *published_losses(dict(ConvCTC=1.0, Dist=25.0), stream='middle'),
    ],
    masked_frames=False,
)
