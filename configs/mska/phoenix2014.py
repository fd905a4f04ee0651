# MSKA-SLR on phoenix2014, the published recipe.
_base_ = [
    '../_base_/models/mska.py',
    '../_base_/datasets/phoenix2014-keypoints.py',
    '../_base_/schedules/adam_cosine_100e.py',
    '../_base_/default_runtime.py',
]
optim_wrapper = dict(optimizer=dict(betas=(0.9, 0.998)))
