# The synthetic corpus with features in the place of frames; tools/extract_features.py writes them.
corpus = 'synthsign'
data_root = '{{$CSLRKIT_DATA:data}}/synthsign'
features = dict(type='ExtractedFeatures', path='slowfast_features')  # below data_root

train_pipeline = [
    dict(type='LoadFeatures'),
    dict(type='TemporalRescale', temp_scaling=0.2, min_len=16, max_len=115),
    dict(type='PackSignInputs'),
]
test_pipeline = [dict(type='LoadFeatures'), dict(type='PackSignInputs')]
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='CSLRDataset', split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CSLRDataset', split='dev', pipeline=test_pipeline, test_mode=True),
)
test_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CSLRDataset', split='test', pipeline=test_pipeline, test_mode=True),
)
val_evaluator = dict(type='WERMetric', split='dev')
test_evaluator = dict(type='WERMetric', split='test')
