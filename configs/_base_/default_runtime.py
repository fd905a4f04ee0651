# What every run shares: hooks, logging, environment.
default_scope = 'cslrkit'
randomness = dict(seed=0)
load_from = None
resume = False

# Several processes: see docs/scaling.md.
sync_bn = 'torch'  # batch norms use the clips of all GPUs; None: each GPU its own
auto_scale_lr = dict(enable=False, base_batch_size=2)  # the published batch size, which learning rates are for

# All hooks stand here by name, so that one is changed by `default_hooks.console.interval=5` and
# removed by setting it to None.
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=50),
    checkpoint=dict(type='SignCheckpointHook', interval=1, max_keep_ckpts=2, save_best='wer', rule='less'),
    reseed=dict(type='ReseedHook'),
    non_finite_loss=dict(type='NonFiniteLossHook', limit=30),  # published limit
    sync_buffers=dict(type='SyncBuffersHook'),
    console=dict(type='ConsoleHook', interval=10),
    # Texts and alignments of three dev sentences in TensorBoard; `cam=dict()` adds heat maps.
    visualization=dict(type='SignVisualizationHook', num_samples=3),
)
log_processor = dict(by_epoch=True, window_size=50)
visualizer = dict(
    type='Visualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')],
)
env_cfg = dict(
    cudnn_benchmark=False,  # clips differ in length
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl', timeout=1800),  # seconds that a process waits for another before the run ends
)
