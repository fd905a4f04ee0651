"""CTC prefix beam search with ctcdecode's results: the decoder, the search, and the order of ties."""

from cslrkit.decoders.beam.beam_decoder import BeamDecoder
from cslrkit.decoders.beam.search import prefix_beam_search

__all__ = ['BeamDecoder', 'prefix_beam_search']
