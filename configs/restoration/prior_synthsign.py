# A prior of hands and face in the synthetic corpus, for tools/restore_frames.py: minutes on two CPU cores.
_base_ = [
    '../_base_/models/diffusion_prior.py',
    '../_base_/datasets/crops_synthsign.py',
    '../_base_/schedules/adamw_cosine_16e.py',
    '../_base_/default_runtime.py',
]
val_cfg = None
test_cfg = None
default_hooks = dict(checkpoint=dict(save_best=None), visualization=None)
train_cfg = dict(max_epochs=32)
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=1.0))
