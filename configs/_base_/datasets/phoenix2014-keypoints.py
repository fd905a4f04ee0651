# PHOENIX 2014 with keypoints in the place of frames: the files of 133 points that the authors of MSKA and CESMM offer,
# in the folder `keypoints` of the corpus.
_base_ = './phoenix2014.py'
keypoints = dict(type='KeypointPickle', path='keypoints/Phoenix-2014.{split}')

train_pipeline = [
    dict(type='LoadKeypoints'),
    dict(type='RandomFrames', low=0.5, high=1.5, max_len=400, rounding='up'),
    dict(type='PackSignInputs'),
]
test_pipeline = [dict(type='LoadKeypoints'), dict(type='CropFrames', max_len=400), dict(type='PackSignInputs')]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))  # published
# One clip at a time: what these networks make of a clip depends on how far it is padded.
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
