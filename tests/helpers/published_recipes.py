"""What the authors of networks on frames trained with, as tests hold the configs against it."""

# What the authors trained with, in full: kaistmm/SlowFastSign 37d1b6c, VIPL-SLP/VAC_CSLR f3c87cc and 37bd985,
# hulianyuyy/CorrNet 98d97d0: configs/baseline.yaml, slr_network.py, modules/{tconv,BiLSTM}.py,
# dataset/dataloader_video.py, utils/optimizer.py, seq_scripts.py; docs/model_zoo.md says where they differ from papers.
COMMON = dict(
    optimizer=dict(type='Adam', lr=1e-4, weight_decay=1e-4),
    clip_grad=None,
    schedule=dict(type='MultiStepLR', milestones=[40, 60], gamma=0.2),
    epochs=80,
    mixed_precision=True,
    batch=(2, 'shuffled', 'last dropped'),
    load=dict(type='LoadFrames'),
    augmentations=[
        dict(type='RandomCrop', size=224),
        dict(type='RandomHorizontalFlip', prob=0.5),
        dict(type='Resize', scale=1.0),
        dict(type='TemporalRescale', temp_scaling=0.2),
        dict(type='PackSignInputs'),
    ],
    frame_size=(256, 256),
    frame_interval=1,
    pixels=(0.5, 0.5),  # x / 127.5 - 1
    initial_weights='torchvision://resnet18',
    backbone=dict(type='ResNet', depth=18),
    neck=dict(type='TemporalConv', kernel_spec=['K5', 'P2', 'K5', 'P2'], hidden_size=1024),
    head=dict(type='BiLSTMHead', num_layers=2, dropout=0.3, classifier='norm_linear', share_classifier='stream'),
    losses={'seq_ctc_main': 1, 'conv_ctc_main': 1, 'dist_main': 25},
    decoder=dict(type='BeamDecoder', beam_width=10),
)
SLOWFAST = dict(
    pixels=(0.45, 0.225),
    initial_weights='pyslowfast://SLOWFAST_64x2_R101_50_50',
    backbone=dict(type='SlowFast', depth=101, layout='64x2', fusion='bi_add'),
    neck=dict(COMMON['neck'], type='MultiStreamTemporalConv'),
    losses={
        **COMMON['losses'],
        **{'seq_ctc_slow': 0.25, 'conv_ctc_slow': 0.25, 'dist_slow': 6.25},
        **{'seq_ctc_fast': 0.25, 'conv_ctc_fast': 0.25, 'dist_fast': 6.25},
    },
)
VAC = dict(mixed_precision=False, head=dict(COMMON['head'], classifier='linear', share_classifier='none'))
LATE = dict(schedule=dict(type='MultiStepLR', milestones=[20, 35], gamma=0.2), epochs=40)
SMKD = dict(LATE, mixed_precision=False, losses={'seq_ctc_main': 1, 'conv_ctc_main': 1})
CORRNET = dict(LATE, backbone=dict(type='CorrNet', depth=18))
RECIPES = {
    'slowfast/phoenix2014': SLOWFAST,
    'slowfast/phoenix2014-T': SLOWFAST,
    'slowfast/csl': SLOWFAST,
    'slowfast/csl-daily': dict(SLOWFAST, load=dict(type='LoadFrames', crop_top=40, resize=(256, 256))),
    'vac/resnet18_phoenix2014': VAC,
    'vac/resnet18_csl': VAC,
    'smkd/resnet18_phoenix2014': SMKD,
    'smkd/resnet18_phoenix2014-T': SMKD,
    'corrnet/resnet18_phoenix2014': CORRNET,
    'corrnet/resnet18_phoenix2014-T': CORRNET,
    'corrnet/resnet18_csl': CORRNET,
    # The authors' weights for this corpus have no correlation after stage 2; they saw whole frames.
    'corrnet/resnet18_csl-daily': dict(
        CORRNET,
        backbone=dict(CORRNET['backbone'], correlated_stages=(3, 4)),
        load=dict(type='LoadFrames', resize=(256, 256)),
    ),
}
LIFT = dict(neck=dict(COMMON['neck'], kernel_spec=['K5', 'L2', 'K5', 'L2']))
TLP = dict(LIFT, head=VAC['head'], losses={**COMMON['losses'], 'lift_u_main': 0.001, 'lift_p_main': 0.001})
SEN = dict(head=VAC['head'], backbone=dict(type='SEN', depth=18))
CORRNET_PLUS = dict(
    LIFT,
    backbone=dict(type='CorrNetPlus', depth=18),
    losses={**COMMON['losses'], 'lift_u_main': 0.0005, 'lift_p_main': 0.0005},
)
WHOLE = dict(load=dict(type='LoadFrames', resize=(256, 256)))
for method, its_recipe in (('tlp', TLP), ('sen', SEN), ('corrnet_plus', CORRNET_PLUS)):
    for corpus in ('phoenix2014', 'phoenix2014-T', 'csl-daily')[: 2 if method == 'tlp' else 3]:
        RECIPES[f'{method}/resnet18_{corpus}'] = {**its_recipe, **(WHOLE if corpus == 'csl-daily' else {})}
SIGN_GRAPH = dict(
    schedule=dict(type='MultiStepLR', milestones=[20, 30, 35], gamma=0.2),
    epochs=101,
    batch=(4, 'shuffled', 'last dropped'),
    backbone=dict(type='SignGraph', depth=18, temporal_pairs='constant'),
)
SIGN_DAGC = dict(
    CORRNET_PLUS,
    epochs=100,
    batch=(4, 'shuffled', 'last dropped'),
    backbone=dict(type='SignDAGC', depth=34),
    initial_weights='torchvision://resnet34',
)
USTM = dict(
    CORRNET_PLUS,
    epochs=40,
    schedule=dict(type='MultiStepLR', milestones=[20, 25, 30, 35], gamma=0.2),
    backbone=dict(type='USTM', size='b'),
    neck=dict(LIFT['neck'], type='MultiScaleTemporalConv'),
    losses=TLP['losses'],
    initial_weights='torchvision://swin_b',
)
M2ETP = dict(
    optimizer=dict(type='Adam', lr=2e-4, weight_decay=1e-4),
    schedule=dict(type='MultiStepLR', milestones=[25, 40], gamma=0.2),
    epochs=60,
    batch=(4, 'shuffled', 'last dropped'),
    initial_weights=SLOWFAST['initial_weights'],
    backbone=dict(type='M2ETP', depth=101),
    neck=dict(COMMON['neck'], type='MultiStreamTemporalConv', kernel_spec=['K5', 'E2', 'K5', 'E2']),
    head=dict(COMMON['head'], share_classifier='all'),
    losses={
        **COMMON['losses'],
        **{'conv_ctc_early': 1, 'dist_early': 25, 'conv_ctc_middle': 1, 'dist_middle': 25},
    },
)
for method, its_recipe in (
    ('signgraph/resnet18', SIGN_GRAPH),
    ('signdagc/resnet34', SIGN_DAGC),
    ('ustm/swin_b', USTM),
    ('m2etp/r101', M2ETP),
):
    for corpus in ('phoenix2014', 'phoenix2014-T', 'csl-daily'):
        RECIPES[f'{method}_{corpus}'] = {**its_recipe, **(WHOLE if corpus == 'csl-daily' else {})}
