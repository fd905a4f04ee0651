"""Aligners: where in a clip the recognized glosses are signed."""

from cslrkit.models.aligners.segmental_aligner import SegmentalAligner

__all__ = ['SegmentalAligner']
