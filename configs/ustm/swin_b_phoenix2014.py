# USTM on phoenix2014, the published recipe.
_base_ = [
    '../_base_/models/ustm_swin.py',
    '../_base_/datasets/phoenix2014.py',
    '../_base_/schedules/adam_step_40e.py',
    '../_base_/default_runtime.py',
]
param_scheduler = [dict(type='MultiStepLR', milestones=[20, 25, 30, 35], gamma=0.2)]
