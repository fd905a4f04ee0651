# CorrNet on csl, the published recipe.
_base_ = [
    '../_base_/models/corrnet_r18.py',
    '../_base_/datasets/csl.py',
    '../_base_/schedules/adam_step_40e.py',
    '../_base_/default_runtime.py',
]
