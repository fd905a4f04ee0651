"""Necks: features per frame to features per step."""

from cslrkit.models.necks.temporal_conv import MultiStreamTemporalConv, TemporalConv

__all__ = ['MultiStreamTemporalConv', 'TemporalConv']
