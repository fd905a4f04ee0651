# CSL-Daily as CorrNet and its successors read it: whole frames at 256 x 256 pixels, unlike SlowFastSign.
_base_ = './csl-daily.py'

load_frames = dict(type='LoadFrames', resize=(256, 256))
train_pipeline = [load_frames] + _base_.train_pipeline[1:]  # noqa: RUF005 (mmengine cannot unpack a base's list)
test_pipeline = [load_frames] + _base_.test_pipeline[1:]  # noqa: RUF005
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
