"""Recognizers: clips to glosses."""

from cslrkit.models.recognizers.cslr_recognizer import CSLRRecognizer
from cslrkit.models.recognizers.decoding import DecodingMixin, EncodedBatch

__all__ = ['CSLRRecognizer', 'DecodingMixin', 'EncodedBatch']
