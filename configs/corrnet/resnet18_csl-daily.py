# CorrNet on csl-daily, the published recipe.
_base_ = [
    '../_base_/models/corrnet_r18.py',
    '../_base_/datasets/csl-daily.py',
    '../_base_/schedules/adam_step_40e.py',
    '../_base_/default_runtime.py',
]
# The authors' weights for this corpus have no correlation after stage 2.
model = dict(backbone=dict(correlated_stages=(3, 4)))

# Unlike SlowFastSign, CorrNet sees the whole frames at 256 x 256 pixels.
load_frames = dict(type='LoadFrames', resize=(256, 256))
train_pipeline = [load_frames] + _base_.train_pipeline[1:]  # noqa: RUF005 (mmengine cannot unpack a base's list)
test_pipeline = [load_frames] + _base_.test_pipeline[1:]  # noqa: RUF005
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
