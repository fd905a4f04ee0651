# CorrNet (CVPR 2023): ResNet-18 that correlates neighbouring frames after stages 2, 3 and 4; the rest is VAC's and
# SMKD's. hulianyuyy/CorrNet 98d97d0.
from cslrkit.models.losses import published_losses

model = dict(
    type='CSLRRecognizer',
    data_preprocessor=dict(type='SignDataPreprocessor', mean=0.5, std=0.5),  # published: x / 127.5 - 1
    backbone=dict(type='CorrNet', depth=18, init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet18')),
    neck=dict(type='TemporalConv', kernel_spec=['K5', 'P2', 'K5', 'P2'], hidden_size=1024),
    head=dict(type='BiLSTMHead', num_layers=2, dropout=0.3, classifier='norm_linear', share_classifier='stream'),
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=25.0)),
    decoder=dict(type='BeamDecoder', beam_width=10),
)
