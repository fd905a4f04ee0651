"""Recognizers and their parts."""

from cslrkit.models import backbones, heads, losses, necks, recognizers

__all__ = ['backbones', 'heads', 'losses', 'necks', 'recognizers']
