# CSL-Daily. Frames in the folder itself, e.g. S000000_P0000_T00/000000.jpg.
#
# Where the corpus is: `data_root`, set here, in a config of your own, by `--cfg-options data_root=...`, or
# by the environment variable CSLRKIT_DATA, the folder that holds the folder `CSL-Daily`.
data_root = '{{$CSLRKIT_DATA:data}}/CSL-Daily'

train_pipeline = [
    dict(type='LoadFrames', crop_top=40, resize=(256, 256)),
    dict(type='RandomCrop', size=224),
    dict(type='RandomHorizontalFlip', prob=0.5),
    dict(type='Resize', scale=1.0),
    dict(type='TemporalRescale', temp_scaling=0.2),
    dict(type='PackSignInputs'),
]
test_pipeline = [
    dict(type='LoadFrames', crop_top=40, resize=(256, 256)),
    dict(type='CenterCrop', size=224),
    dict(type='Resize', scale=1.0),
    dict(type='PackSignInputs'),
]
train_dataloader = dict(
    batch_size=2,  # published
    num_workers=4,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='CSLDailyDataset', split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=2,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CSLDailyDataset', split='dev', pipeline=test_pipeline, test_mode=True),
)
test_dataloader = dict(
    batch_size=2,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CSLDailyDataset', split='test', pipeline=test_pipeline, test_mode=True),
)
# As published: hypotheses are cleaned, references are the raw STM. The published feeder also never reads
# the last sentence and scores it as empty; the datasets' drop_last_entry=True with the evaluators'
# missing='empty' does the same.
val_evaluator = dict(
    type='WERMetric', normalizer='phoenix2014', stm='{ann_dir}/CSL-Daily-groundtruth-{split}.stm', split='dev'
)
test_evaluator = dict(
    type='WERMetric', normalizer='phoenix2014', stm='{ann_dir}/CSL-Daily-groundtruth-{split}.stm', split='test'
)
