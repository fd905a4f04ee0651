# SlowFastSign (ICASSP 2024): SlowFast R101 64x2 with bidirectional additive fusion, temporal
# convolutions and BiLSTMs for the main, slow and fast streams. The auxiliary streams only train.
from cslrkit.models.losses import published_losses

model = dict(
    type='CSLRRecognizer',
    backbone=dict(
        type='SlowFast',
        depth=101,
        layout='64x2',
        fusion='bi_add',
        # PySlowFast's network for Kinetics-600; docs/reproduce.md says where it is looked for.
        init_cfg=dict(type='Pretrained', checkpoint='pyslowfast://SLOWFAST_64x2_R101_50_50'),
    ),
    neck=dict(type='MultiStreamTemporalConv', kernel_spec=['K5', 'P2', 'K5', 'P2'], hidden_size=1024),
    head=dict(type='BiLSTMHead', num_layers=2, dropout=0.3, classifier='norm_linear', share_classifier='stream'),
    # Nine losses; the weight of an auxiliary stream multiplies the three others. Published weights.
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=25.0, Slow=0.25, Fast=0.25)),
    decoder=dict(type='BeamDecoder', beam_width=10),
)
