# CorrNet on csl-daily, the published recipe.
_base_ = [
    '../_base_/models/corrnet_r18.py',
    '../_base_/datasets/csl-daily-whole.py',
    '../_base_/schedules/adam_step_40e.py',
    '../_base_/default_runtime.py',
]
# The authors' weights for this corpus have no correlation after stage 2.
model = dict(backbone=dict(correlated_stages=(3, 4)))
