"""The backbone of a recognizer of features."""

import pytest
import torch

from cslrkit.errors import ConfigError, DataError
from cslrkit.models.backbones import PrecomputedFeatures
from cslrkit.structures import StreamSpec


def test_passes_streams_on():
    backbone = PrecomputedFeatures(dict(slow=dict(channels=3, stride=4), fast=dict(channels=2)))
    assert backbone.stream_specs == {'slow': StreamSpec(3, 4), 'fast': StreamSpec(2)}
    rows = torch.randn(2, 5, 7)
    streams = backbone(rows)
    assert [*streams] == ['slow', 'fast']
    torch.testing.assert_close(torch.cat([*streams.values()], 1), rows, rtol=0, atol=0)
    assert not [*backbone.parameters()]


def test_a_pooled_stream_has_every_nth_row():
    backbone = PrecomputedFeatures(dict(main=dict(channels=1, stride=4, pooled=True)))
    assert backbone(torch.arange(8.0).view(1, 1, 8))['main'].tolist() == [[[0, 4]]]


def test_features_of_another_width():
    backbone = PrecomputedFeatures(dict(slow=dict(channels=3), fast=dict(channels=2)))
    with pytest.raises(DataError, match=r'got features of 4 columns, but its streams \(slow: 3, fast: 2\) have 5'):
        backbone(torch.zeros(1, 4, 7))


@pytest.mark.parametrize(
    ('streams', 'message'),
    [
        ({}, 'streams: got {}'),
        (dict(main=512), 'streams: got .*expected e.g. dict.main=dict.channels=512'),
        (dict(main=dict(chanels=512)), 'streams.main: got .*expected channels and stride'),
        (dict(main=dict(channels=0)), 'streams.main.StreamSpec.channels: got 0'),
    ],
)
def test_wrong_streams(streams, message):
    with pytest.raises(ConfigError, match=message):
        PrecomputedFeatures(streams)
