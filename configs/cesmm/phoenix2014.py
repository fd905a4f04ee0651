# CESMM on phoenix2014, the published recipe of one stream. The others: model.backbone.input_type=bone, keypoint_motion,
# bone_motion; the four together: tools/test.py --fuse mean.
_base_ = [
    '../_base_/models/cesmm.py',
    '../_base_/datasets/phoenix2014-keypoints.py',
    '../_base_/schedules/adam_cosine_100e.py',
    '../_base_/default_runtime.py',
]
train_pipeline = [
    dict(type='LoadKeypoints'),
    dict(type='RandomFrames', low=0.5, high=1.5, max_len=300, rounding='down'),
    dict(type='PackSignInputs'),
]
test_pipeline = [dict(type='LoadKeypoints'), dict(type='CropFrames', max_len=300), dict(type='PackSignInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
