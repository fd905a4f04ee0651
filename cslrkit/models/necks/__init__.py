"""Necks: features per frame to features per step."""

from cslrkit.models.necks.concat_streams import ConcatStreams
from cslrkit.models.necks.multi_scale import MultiScaleTemporalConv
from cslrkit.models.necks.temporal_conv import MultiStreamTemporalConv, TemporalConv

__all__ = ['ConcatStreams', 'MultiScaleTemporalConv', 'MultiStreamTemporalConv', 'TemporalConv']
