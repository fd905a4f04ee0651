# Frames and exact keypoints of the corpus that `tools/make_synthetic.py data/synthsign` draws, cut and resampled alike.
corpus = 'synthsign'
data_root = '{{$CSLRKIT_DATA:data}}/synthsign'
frames = dict(type='ImageFolders')
keypoints = dict(type='StoredKeypoints', layout='wholebody133')

train_pipeline = [
    dict(type='LoadFrames'),
    dict(type='LoadKeypoints'),  # of the frames that were read
    dict(type='RandomCrop', size=96),
    dict(type='Resize', scale=64),
    dict(type='RandomFrames', low=0.8, high=1.2),
    dict(type='PackSignInputs'),
]
test_pipeline = [
    dict(type='LoadFrames'),
    dict(type='LoadKeypoints'),
    dict(type='CenterCrop', size=96),
    dict(type='Resize', scale=64),
    dict(type='PackSignInputs'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='CSLRDataset', split='train', frame_interval=2, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,  # networks on keypoints do not mask padded frames
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CSLRDataset', split='dev', frame_interval=2, pipeline=test_pipeline, test_mode=True),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CSLRDataset', split='test', frame_interval=2, pipeline=test_pipeline, test_mode=True),
)
val_evaluator = dict(type='WERMetric', split='dev')
test_evaluator = dict(type='WERMetric', split='test')
