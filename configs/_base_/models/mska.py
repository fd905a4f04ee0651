# MSKA-SLR: attention between keypoints in four streams, four heads and their ensemble. sutwangyan/MSKA e7d5610.
_heads = ['left', 'right', 'fuse', 'body']
model = dict(
    type='CSLRRecognizer',
    data_preprocessor=dict(type='KeypointDataPreprocessor', max_degrees=15),
    backbone=dict(type='MSKA'),
    neck=dict(type='ConcatStreams'),
    head=dict(type='EnsembleHead'),
    losses=[
        *(dict(type='CTCLoss', source=f'{head}/main', name=f'ctc_{head}', zero_infinity=True) for head in _heads),
        *(
            dict(
                type='SeqKDLoss',
                source=f'{head}/main',
                teacher='ensemble/main',
                temperature=1.0,
                use_blank=True,
                per='clip',
                name=f'distill_{head}',
            )
            for head in _heads
        ),
    ],
    decoder=dict(type='BeamDecoder', beam_width=5),  # published
    on_short_clip='infinite_loss',  # which counts as 0
)
