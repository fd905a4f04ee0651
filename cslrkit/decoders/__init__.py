"""Decoders: log-probabilities of a batch to one Hypothesis per clip."""

from cslrkit.decoders.alignment import forced_align, forced_align_batch
from cslrkit.decoders.beam_decoder import BeamDecoder
from cslrkit.decoders.greedy_decoder import GreedyDecoder
from cslrkit.decoders.prefix_search import Beam, prefix_beam_search

__all__ = [
    'Beam',
    'BeamDecoder',
    'GreedyDecoder',
    'forced_align',
    'forced_align_batch',
    'prefix_beam_search',
]
