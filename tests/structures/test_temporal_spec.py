import pytest
import torch

from cslrkit.errors import ConfigError
from cslrkit.structures.temporal_spec import TemporalSpec


def test_published_layout():
    spec = TemporalSpec(['K5', 'P2', 'K5', 'P2'])
    # First convolution: 2 frames; second: 2 steps of 2 frames. 2 + 4 = 6.
    assert (spec.total_stride, spec.left_pad) == (4, 6)
    # 41 frames -> 44, plus 2 * 6; (56 - 4) // 2 = 26; (26 - 4) // 2 = 11.
    assert spec.frame_len(41) == 56
    assert spec.feat_len(56) == 11
    assert spec.feat_len(torch.tensor([56, 48])).tolist() == [11, 9]


def test_exact_padding_leaves_one_step_for_each_stride():
    for layers in (['K3'], ['K5', 'K5', 'P2'], ['P2', 'K5', 'P2', 'K5'], ['K5', 'P2', 'K5', 'K3'], ['P4', 'K7', 'P3']):
        spec = TemporalSpec(layers)
        for frames in (1, 13, 40, 97):
            assert spec.feat_len(spec.frame_len(frames)) == -(-frames // spec.total_stride), layers


def test_published_rule_pads_less_after_a_leading_pooling():
    layers = ['P2', 'K5', 'P2', 'K5']
    # Exact: 2 * 2 + 2 * 4 = 12. Published: 2, then 2 * 2 + 2 = 6.
    assert TemporalSpec(layers).left_pad == 12
    assert TemporalSpec(layers, left_pad_rule='slowfastsign').left_pad == 6


def test_frame_span_is_clipped_to_the_clip():
    spec = TemporalSpec(['K5', 'P2', 'K5', 'P2'])
    assert spec.frame_span(0, 0, 41) == (0, 4)
    assert spec.frame_span(2, 3, 41) == (8, 16)
    assert spec.frame_span(10, 10, 41) == (40, 41)


@pytest.mark.parametrize('layers', [['K4'], ['X2'], ['K0'], ['K'], [5], 'K5'])
def test_bad_layers(layers):
    with pytest.raises(ConfigError, match='kernel spec'):
        TemporalSpec(layers)


def test_unknown_rule():
    with pytest.raises(ConfigError, match='left_pad_rule'):
        TemporalSpec(['K5'], left_pad_rule='less')
