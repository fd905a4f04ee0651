# SlowFast on frames and MSKA on keypoints in TwoStream's form on phoenix2014; a recipe of cslrkit, not a published one.
_base_ = [
    '../_base_/models/twostream.py',
    '../_base_/datasets/phoenix2014_two_media.py',
    '../_base_/schedules/adam_step_40e.py',
    '../_base_/default_runtime.py',
]
