# SMKD on phoenix2014, the recipe of the released code.
_base_ = [
    '../_base_/models/smkd_r18.py',
    '../_base_/datasets/phoenix2014.py',
    '../_base_/schedules/adam_step_40e.py',
    '../_base_/default_runtime.py',
]
optim_wrapper = dict(type='GuardedOptimWrapper')  # published without mixed precision
