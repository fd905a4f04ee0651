"""Whether anybody signs, frame by frame."""

from cslrkit.models.activity.conv_activity import ConvActivity

__all__ = ['ConvActivity']
