# VAC on csl. The authors released no recipe for it; this is the one for phoenix2014.
_base_ = [
    '../_base_/models/vac_r18.py',
    '../_base_/datasets/csl.py',
    '../_base_/schedules/adam_step_80e.py',
    '../_base_/default_runtime.py',
]
optim_wrapper = dict(type='GuardedOptimWrapper')  # published without mixed precision
