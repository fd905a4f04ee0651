# SlowFastSign (ICASSP 2024): SlowFast R101 64x2 with bidirectional additive fusion, temporal
# convolutions and BiLSTMs for the main, slow and fast streams. The auxiliary streams only train.
stream_weights = dict(main=1.0, slow=0.25, fast=0.25)  # published

model = dict(
    type='CSLRRecognizer',
    backbone=dict(type='SlowFast', depth=101, layout='64x2', fusion='bi_add'),
    neck=dict(type='MultiStreamTemporalConv', kernel_spec=['K5', 'P2', 'K5', 'P2'], hidden_size=1024),
    head=dict(type='BiLSTMHead', num_layers=2, dropout=0.3, classifier='norm_linear', share_classifier='stream'),
    losses=[
        loss
        for stream, weight in stream_weights.items()
        for loss in (
            dict(type='CTCLoss', source=f'seq/{stream}', weight=weight, name=f'seq_ctc_{stream}'),
            dict(type='CTCLoss', source=f'conv/{stream}', weight=weight, name=f'conv_ctc_{stream}'),
            dict(
                type='SeqKDLoss',
                source=f'conv/{stream}',
                teacher=f'seq/{stream}',
                weight=25.0 * weight,  # published
                name=f'dist_{stream}',
            ),
        )
    ],
    decoder=dict(type='BeamDecoder', beam_width=10),
)
