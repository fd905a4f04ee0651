# CESMM, one of four streams: seven parts of face and hands, a BiLSTM, one classifier before and after it, and
# distillation in both directions. xhonghu/CESMM 41cda13.
_distill = dict(type='SeqKDLoss', weight=25.0, temperature=8.0, use_blank=False)
model = dict(
    type='CSLRRecognizer',
    data_preprocessor=dict(type='KeypointDataPreprocessor', max_degrees=15, max_shift=0.1),
    backbone=dict(type='CESMM', input_type='keypoint'),
    neck=dict(type='ConcatStreams'),
    head=dict(type='BiLSTMHead', num_layers=2, dropout=0.3, classifier='norm_linear', share_classifier='stream'),
    losses=[
        dict(type='CTCLoss', source='seq/main', name='seq_ctc_main', zero_infinity=True),
        dict(type='CTCLoss', source='conv/main', name='conv_ctc_main', zero_infinity=True),
        dict(_distill, source='conv/main', teacher='seq/main', name='dist_conv_to_seq'),
        dict(_distill, source='seq/main', teacher='conv/main', name='dist_seq_to_conv'),
    ],
    decoder=dict(type='BeamDecoder', beam_width=10),  # published
    on_short_clip='infinite_loss',  # which counts as 0
)
