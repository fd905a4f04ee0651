# SignDAGC on phoenix2014, the published recipe.
_base_ = [
    '../_base_/models/signdagc_r34.py',
    '../_base_/datasets/phoenix2014.py',
    '../_base_/schedules/adam_step_80e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=4)
train_cfg = dict(max_epochs=100)
