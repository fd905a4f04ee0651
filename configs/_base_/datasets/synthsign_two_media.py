# Frames and exact keypoints of the corpus that `tools/make_synthetic.py data/synthsign` draws, cut and resampled alike.
_base_ = './synthsign.py'
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
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
# One clip at a time: what networks on keypoints make of a clip depends on how far it is padded.
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
