# The starter with a BiLSTM on top and the visual alignment losses of VAC (ICCV 2021).
model = dict(
    type='CSLRRecognizer',
    backbone=dict(type='ResNet', depth=18),
    neck=dict(type='TemporalConv', kernel_spec=['K5', 'P2', 'K5', 'P2'], hidden_size=512),
    head=dict(type='BiLSTMHead', classifier='norm_linear', share_classifier='stream'),
    losses=[
        dict(type='CTCLoss', source='seq/main', weight=1.0, name='seq_ctc'),
        dict(type='CTCLoss', source='conv/main', weight=1.0, name='conv_ctc'),
        dict(type='SeqKDLoss', source='conv/main', teacher='seq/main', weight=25.0, name='dist'),
    ],
    decoder=dict(type='BeamDecoder', beam_width=10),
)
