# The starter: ResNet18 on each frame, a temporal convolution, a linear classifier, one CTC loss.
model = dict(
    type='CSLRRecognizer',
    backbone=dict(type='ResNet', depth=18),
    neck=dict(type='TemporalConv', kernel_spec=['K5', 'P2', 'K5', 'P2'], hidden_size=512),
    head=dict(type='LinearHead'),
    losses=[dict(type='CTCLoss', source='conv/main', name='conv_ctc')],
    decoder=dict(type='BeamDecoder', beam_width=10),
)
