# The exact keypoints of the corpus that `tools/make_synthetic.py data/synthsign` draws; no frame is read.
corpus = 'synthsign'
data_root = '{{$CSLRKIT_DATA:data}}/synthsign'
keypoints = dict(type='StoredKeypoints', layout='wholebody133')

train_pipeline = [
    dict(type='LoadKeypoints'),
    dict(type='RandomFrames', low=0.8, high=1.2),
    dict(type='PackSignInputs'),
]
test_pipeline = [
    dict(type='LoadKeypoints'),
    dict(type='PackSignInputs'),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=0,  # a sample is read in less than a millisecond
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='CSLRDataset', split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,  # networks on keypoints do not mask padded frames
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CSLRDataset', split='dev', pipeline=test_pipeline, test_mode=True),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CSLRDataset', split='test', pipeline=test_pipeline, test_mode=True),
)
val_evaluator = dict(type='WERMetric', split='dev')
test_evaluator = dict(type='WERMetric', split='test')
