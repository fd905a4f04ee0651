"""Classifiers of the heads."""

import torch
from torch import nn
from torch.nn import functional as F

from cslrkit.utils.checks import one_of


class NormLinear(nn.Module):
    """A linear layer without bias whose weight has unit length for each class.

    Source: VIPL-SLP/VAC_CSLR (SMKD), as in kaistmm/SlowFastSign 37d1b6c ``slr_network_multi.py``.

    Args:
        in_channels: Channels of the features.
        num_classes: Number of classes V.

    Shape:
        (..., C) to (..., V); the weight is (C, V).
    """

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(in_channels, num_classes))
        nn.init.xavier_uniform_(self.weight, gain=nn.init.calculate_gain('relu'))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        return x @ F.normalize(self.weight, dim=0)


CLASSIFIERS = {'norm_linear': NormLinear, 'linear': nn.Linear}


def build_classifier(kind: str, in_channels: int, num_classes: int) -> nn.Module:
    """Return a :class:`NormLinear` (``'norm_linear'``) or a plain linear layer (``'linear'``).

    Raises:
        ConfigError: For another kind.
    """
    return CLASSIFIERS[one_of('classifier', kind, CLASSIFIERS)](in_channels, num_classes)
