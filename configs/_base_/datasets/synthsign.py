# The corpus that `tools/make_synthetic.py data/synthsign` draws: PHOENIX 2014's folders, frames of 112x112.
corpus = 'synthsign'
data_root = '{{$CSLRKIT_DATA:data}}/synthsign'

train_pipeline = [
    dict(type='LoadFrames'),
    dict(type='RandomCrop', size=96),
    dict(type='Resize', scale=64),
    dict(type='TemporalRescale', temp_scaling=0.2, min_len=16),
    dict(type='PackSignInputs'),
]
test_pipeline = [
    dict(type='LoadFrames'),
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
    batch_size=4,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CSLRDataset', split='dev', frame_interval=2, pipeline=test_pipeline, test_mode=True),
)
test_dataloader = dict(
    batch_size=4,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CSLRDataset', split='test', frame_interval=2, pipeline=test_pipeline, test_mode=True),
)
val_evaluator = dict(type='WERMetric', split='dev')
test_evaluator = dict(type='WERMetric', split='test')
