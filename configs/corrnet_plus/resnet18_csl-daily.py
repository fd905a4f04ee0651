# CorrNet+ on csl-daily, the published recipe.
_base_ = [
    '../_base_/models/corrnet_plus_r18.py',
    '../_base_/datasets/csl-daily-whole.py',
    '../_base_/schedules/adam_step_80e.py',
    '../_base_/default_runtime.py',
]
