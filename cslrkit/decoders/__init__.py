"""Decoders: log-probabilities of a batch to one Hypothesis per clip."""

from cslrkit.decoders.alignment import forced_align, forced_align_batch
from cslrkit.decoders.beam import BeamDecoder, prefix_beam_search
from cslrkit.decoders.common import CTCDecoder, measure_spans
from cslrkit.decoders.greedy_decoder import GreedyDecoder

__all__ = [
    'BeamDecoder',
    'CTCDecoder',
    'GreedyDecoder',
    'forced_align',
    'forced_align_batch',
    'measure_spans',
    'prefix_beam_search',
]
