"""Decoders: log-probabilities of a batch to one Hypothesis per clip."""

from cslrkit.decoders.alignment import forced_align, forced_align_batch
from cslrkit.decoders.beam import BeamDecoder, prefix_beam_search
from cslrkit.decoders.common import CTCDecoder, build_decoder, measure_spans
from cslrkit.decoders.greedy_decoder import GreedyDecoder
from cslrkit.decoders.language_model import LanguageModel, NGram

__all__ = [
    'BeamDecoder',
    'CTCDecoder',
    'GreedyDecoder',
    'LanguageModel',
    'NGram',
    'build_decoder',
    'forced_align',
    'forced_align_batch',
    'measure_spans',
    'prefix_beam_search',
]
