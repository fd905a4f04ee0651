# VAC (ICCV 2021): ResNet-18 on each frame, temporal convolutions, a BiLSTM, and two losses that align the visual
# features: CTC on them (ConvCTC) and distillation from the BiLSTM's predictions (Dist). VIPL-SLP/VAC_CSLR f3c87cc.
from cslrkit.models.losses import published_losses

model = dict(
    type='CSLRRecognizer',
    data_preprocessor=dict(type='SignDataPreprocessor', mean=0.5, std=0.5),  # published: x / 127.5 - 1
    backbone=dict(type='ResNet', depth=18, init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet18')),
    neck=dict(type='TemporalConv', kernel_spec=['K5', 'P2', 'K5', 'P2'], hidden_size=1024),
    head=dict(type='BiLSTMHead', num_layers=2, dropout=0.3, classifier='linear', share_classifier='none'),
    # 25 is what the paper and the released weights (..._distill25.pt) have; the yaml file says 10.
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=25.0)),
    decoder=dict(type='BeamDecoder', beam_width=10),
    masked_frames=True,
)
