"""A classifier on the neck's features alone."""

from typing import Dict, Mapping, Optional, Tuple

import torch
from torch import nn

from cslrkit.models.heads.classifiers import build_classifier
from cslrkit.registry import HEADS


@HEADS.register_module()
class LinearHead(nn.Module):
    """Classifies each step of each stream, without a sequence model.

    Args:
        in_channels: Channels of the neck's streams; the recognizer hands them over.
        num_classes: Number of classes V; the recognizer hands it over.
        classifier: ``'norm_linear'`` or ``'linear'``.

    Shape:
        - Input: streams (N, D, T'), ``feat_lens`` int64 (N,)
        - Output: ``conv/<stream>`` (N, T', V) for the streams given

    Raises:
        ConfigError: For another classifier.
    """

    primary: str = 'conv/main'
    auxiliary: Optional[str] = None

    def __init__(self, in_channels: Mapping[str, int], num_classes: int, *, classifier: str = 'norm_linear') -> None:
        super().__init__()
        self.classifiers = nn.ModuleDict(
            {stream: build_classifier(classifier, channels, num_classes) for stream, channels in in_channels.items()}
        )
        self.logit_names: Tuple[str, ...] = tuple(f'conv/{stream}' for stream in in_channels)

    def forward(self, feats: Mapping[str, torch.Tensor], feat_lens: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the logits of the streams in ``feats``; the lengths play no part."""
        return {
            f'conv/{stream}': self.classifiers[stream](features.transpose(1, 2)) for stream, features in feats.items()
        }
