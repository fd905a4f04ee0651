"""Recognizers: clips to glosses."""

from cslrkit.models.recognizers.cslr_recognizer import CSLRRecognizer

__all__ = ['CSLRRecognizer']
