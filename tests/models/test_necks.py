import pytest
import torch

from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import NECKS

STREAMS = {'slow': 6, 'fast': 2}


def build(kind, **arguments):
    torch.manual_seed(0)
    return NECKS.build(dict(type=kind, hidden_size=4, **arguments), default_args=dict(in_channels=STREAMS))


def features(num_frames=24, batch_size=2):
    return {stream: torch.randn(batch_size, channels, num_frames) for stream, channels in STREAMS.items()}


@pytest.mark.parametrize(
    ('spec', 'steps'),
    [
        (('K3',), 22),
        (('K5', 'P2', 'K5', 'P2'), 3),  # 24 - 4 = 20, 10, 6, 3
        (('P2', 'P2', 'K5', 'K5'), -2),
        (('P2', 'K5', 'P2'), 4),  # 12, 8, 4
        (('K5', 'P3'), 6),  # 20, 6
        (('P2',), 12),
    ],
)
def test_lengths_follow_the_kernel_spec(spec, steps):
    neck = build('TemporalConv', kernel_spec=spec)
    if steps < 1:
        with pytest.raises(DataError, match=r'got a clip of 24 frames with padding, expected at least 36'):
            neck(features(), torch.tensor([24, 24]))
        return
    outputs, lens = neck(features(), torch.tensor([24, 24]))
    assert outputs['main'].shape == (2, neck.out_channels['main'], steps)
    assert lens.tolist() == [steps, steps]
    assert lens.dtype == torch.int64


def test_the_multi_stream_neck_computes_what_is_asked():
    neck = build('MultiStreamTemporalConv').eval()
    assert neck.streams == ('main', 'slow', 'fast')
    assert neck.out_channels == {'main': 4, 'slow': 4, 'fast': 4}
    feats, lens = features(), torch.tensor([24, 20])
    every, feat_lens = neck(feats, lens)
    assert list(every) == ['main', 'slow', 'fast']
    assert feat_lens.tolist() == [3, 2]
    only, _ = neck(feats, lens, streams=('main',))
    assert list(only) == ['main']
    assert torch.equal(only['main'], every['main'])
    # The main stack reads slow, then fast.
    expected = neck.stacks['main'](torch.cat([feats['slow'], feats['fast']], 1))
    assert torch.equal(only['main'], expected)


def test_one_stream_neck_concatenates_the_backbone():
    neck = build('TemporalConv')
    assert neck.streams == ('main',)
    assert neck.stacks['main'][0].in_channels == 8
    assert neck.temporal_spec.left_pad == 6


def test_the_padding_rule_is_handed_on():
    spec = dict(kernel_spec=('P2', 'K5', 'K5'))
    assert build('TemporalConv', **spec).temporal_spec.left_pad == 8
    published = build('TemporalConv', left_pad_rule='slowfastsign', **spec)
    # The published recurrence: 2, then 2 * 2 + 2.
    assert published.temporal_spec.left_pad == 6


def test_one_backbone_stream_needs_the_one_stream_neck():
    with pytest.raises(ConfigError, match=r"two or more streams.*\['main'\]. Use TemporalConv"):
        NECKS.build(dict(type='MultiStreamTemporalConv', in_channels={'main': 8}))


def test_a_wrong_kernel_spec_is_refused():
    with pytest.raises(ConfigError, match="kernel spec: got the layer 'Q2'"):
        build('TemporalConv', kernel_spec=('Q2',))
    with pytest.raises(ConfigError, match='hidden_size: got 0, expected a positive integer'):
        NECKS.build(dict(type='TemporalConv', in_channels=STREAMS, hidden_size=0))
