"""Recognizers and their parts."""

from cslrkit.models import backbones, data_preprocessor, heads, losses, necks, recognizers

__all__ = ['backbones', 'data_preprocessor', 'heads', 'losses', 'necks', 'recognizers']
