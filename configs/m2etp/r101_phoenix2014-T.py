# M2ETP on phoenix2014-T, the published recipe.
_base_ = [
    '../_base_/models/m2etp_r101.py',
    '../_base_/datasets/phoenix2014-T.py',
    '../_base_/schedules/adam_step_60e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=4)
