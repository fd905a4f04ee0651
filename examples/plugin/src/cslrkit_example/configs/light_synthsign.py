# All four parts of the plugin on the synthetic corpus: a light model that trains in minutes on a CPU.
_base_ = 'cslrkit::starter/resnet18_linear_synthsign.py'

model = dict(
    backbone=dict(_delete_=True, type='DepthwiseR2Plus1D', widths=(24, 48, 96)),
    neck=dict(hidden_size=128),
    losses=[dict(type='EntropyCTCLoss', source='conv/main', name='entropy_ctc', strength=0.1)],
    decoder=dict(_delete_=True, type='ThresholdDecoder', threshold=0.3),
)
train_pipeline = [
    dict(type='LoadFrames'),
    dict(type='RandomCrop', size=96),
    dict(type='Resize', scale=64),
    dict(type='TemporalMask', num_masks=2, max_fraction=0.1),
    dict(type='TemporalRescale', temp_scaling=0.2, min_len=16),
    dict(type='PackSignInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
