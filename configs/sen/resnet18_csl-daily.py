# SEN on csl-daily, the published recipe.
_base_ = [
    '../_base_/models/sen_r18.py',
    '../_base_/datasets/csl-daily-whole.py',
    '../_base_/schedules/adam_step_80e.py',
    '../_base_/default_runtime.py',
]
