# Two streams of media in TwoStream's form (NeurIPS 2022): SlowFast on frames and MSKA on keypoints with lateral
# connections, a head for each part and one for all, and their mean, from which each is distilled.
_parts = dict(
    left=('keypoints_left', 'keypoints_face'),
    right=('keypoints_right', 'keypoints_face'),
    body=('keypoints_body',),
    keypoints=('keypoints_left', 'keypoints_face', 'keypoints_right', 'keypoints_body'),
    frames=('frames_slow', 'frames_fast'),
)
_heads = ['both', *_parts]
model = dict(
    type='CSLRRecognizer',
    data_preprocessor=dict(
        type='MultiMediaDataPreprocessor',
        media=dict(keypoints=dict(type='KeypointDataPreprocessor', max_degrees=15)),
    ),
    backbone=dict(
        type='MultiMediaBackbone',
        media=dict(
            frames=dict(
                type='SlowFast',
                depth=101,
                layout='64x2',
                init_cfg=dict(type='Pretrained', checkpoint='pyslowfast://SLOWFAST_64x2_R101_50_50'),
            ),
            keypoints=dict(type='MSKA'),
        ),
    ),
    neck=dict(type='ConcatStreams'),
    head=dict(type='EnsembleHead', groups=dict(both=(*_parts['frames'], *_parts['keypoints']), **_parts)),
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
    decoder=dict(type='BeamDecoder', beam_width=5),
    on_short_clip='infinite_loss',  # which counts as 0
)
