# SMKD (ICCV 2021) as its authors released it: VAC with one classifier for visual and contextual features, whose
# weights have unit length, and CTC on both. VIPL-SLP/VAC_CSLR 37bd985 and its
# README of 2022-05-14. The paper trains in two further stages; see docs/model_zoo.md.
from cslrkit.models.losses import published_losses

model = dict(
    type='CSLRRecognizer',
    data_preprocessor=dict(type='SignDataPreprocessor', mean=0.5, std=0.5),  # published: x / 127.5 - 1
    backbone=dict(type='ResNet', depth=18, init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet18')),
    neck=dict(type='TemporalConv', kernel_spec=['K5', 'P2', 'K5', 'P2'], hidden_size=1024),
    head=dict(type='BiLSTMHead', num_layers=2, dropout=0.3, classifier='norm_linear', share_classifier='stream'),
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0)),
    decoder=dict(type='BeamDecoder', beam_width=10),
)
