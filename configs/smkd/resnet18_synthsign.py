# A small SMKD for the synthetic corpus: some twenty minutes on a CPU core, from random weights.
_base_ = [
    '../_base_/models/smkd_r18.py',
    '../_base_/datasets/synthsign.py',
    '../_base_/schedules/adamw_cosine_16e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(init_cfg=None),
    neck=dict(hidden_size=512, kernel_spec=['K5', 'P2']),  # every second frame is read, so one pooling is enough
    head=dict(num_layers=1),
)
train_dataloader = dict(batch_size=2)
