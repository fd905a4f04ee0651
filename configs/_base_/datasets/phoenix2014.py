# RWTH-PHOENIX-Weather 2014, multisigner. Frames in features/fullFrame-256x256px.
#
# `corpus` and `data_root` go to every dataset. Where the corpus is: `data_root`, set here, in a config of your own,
# by `--cfg-options data_root=...`, or by the environment variable CSLRKIT_DATA, the folder that holds the folder
# `phoenix2014`.
corpus = 'phoenix2014'
data_root = '{{$CSLRKIT_DATA:data}}/phoenix2014'

train_pipeline = [
    dict(type='LoadFrames'),
    dict(type='RandomCrop', size=224),
    dict(type='RandomHorizontalFlip', prob=0.5),
    dict(type='Resize', scale=1.0),
    dict(type='TemporalRescale', temp_scaling=0.2),
    dict(type='PackSignInputs'),
]
test_pipeline = [
    dict(type='LoadFrames'),
    dict(type='CenterCrop', size=224),
    dict(type='Resize', scale=1.0),
    dict(type='PackSignInputs'),
]
train_dataloader = dict(
    batch_size=2,  # published
    num_workers=4,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='CSLRDataset', split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=2,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CSLRDataset', split='dev', pipeline=test_pipeline, test_mode=True),
)
test_dataloader = dict(
    batch_size=2,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CSLRDataset', split='test', pipeline=test_pipeline, test_mode=True),
)
# As published: hypotheses and references are cleaned by the same rules.
val_evaluator = dict(type='WERMetric', normalizer='phoenix2014', split='dev')
test_evaluator = dict(type='WERMetric', normalizer='phoenix2014', split='test')
