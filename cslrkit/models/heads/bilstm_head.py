"""A recurrent sequence model and two classifiers for each stream."""

from typing import Dict, Mapping, Optional, Tuple

import torch
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.models.heads.classifiers import build_classifier
from cslrkit.models.heads.padded_lstm import PaddedLSTM
from cslrkit.registry import HEADS
from cslrkit.utils.checks import one_of

SHARING = ('none', 'stream', 'all')


@HEADS.register_module()
class BiLSTMHead(nn.Module):
    """Classifies each stream twice: its features, and what a BiLSTM makes of them.

    Source: kaistmm/SlowFastSign 37d1b6c, ``slr_network_multi.py`` and VIPL-SLP/VAC_CSLR
    ``modules/BiLSTM.py``. ``seq/<stream>`` are the logits after the BiLSTM, ``conv/<stream>`` those
    of the features. A shared classifier is stored once.

    Args:
        in_channels: Channels of the neck's streams; the recognizer hands them over.
        num_classes: Number of classes V; the recognizer hands it over.
        hidden_size: Channels of the BiLSTM's output; those of its input by default.
        num_layers: Layers of the BiLSTM.
        dropout: Probability of dropping a feature between its layers in training.
        bidirectional: Whether it also runs backwards; each direction has half the channels then.
        classifier: ``'norm_linear'`` or ``'linear'``.
        share_classifier: ``'none'``, ``'stream'`` (one for both logits of a stream) or ``'all'``; the
            published numbers are 0, 1 and 2.

    Shape:
        - Input: streams (N, D, T'), ``feat_lens`` int64 (N,)
        - Output: ``seq/<stream>`` and ``conv/<stream>`` (N, T', V) for the streams given. The BiLSTM's
          output is 0 at padded steps, and the classifier is applied to that.

    Raises:
        ConfigError: For an unknown choice, an odd ``hidden_size`` of a bidirectional model, or sharing
            between different numbers of channels.
    """

    primary: str = 'seq/main'
    auxiliary: Optional[str] = 'conv/main'

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        *,
        hidden_size: Optional[int] = None,
        num_layers: int = 2,
        dropout: float = 0.3,
        bidirectional: bool = True,
        classifier: str = 'norm_linear',
        share_classifier: str = 'stream',
    ) -> None:
        super().__init__()
        self.share_classifier = one_of('share_classifier', share_classifier, SHARING)
        self.rnns = nn.ModuleDict()
        self.classifiers = nn.ModuleDict()
        directions = 2 if bidirectional else 1
        for stream, channels in in_channels.items():
            size = channels if hidden_size is None else hidden_size
            if size % directions:
                raise ConfigError(f'got {size}, expected an even number for two directions.', path='hidden_size')
            self.rnns[stream] = PaddedLSTM(
                channels,
                size // directions,
                num_layers=num_layers,
                dropout=dropout if num_layers > 1 else 0.0,  # torch warns of dropout without a place between layers
                bidirectional=bidirectional,
                batch_first=True,
            )
            for kind, classified in (('seq', size), ('conv', channels)):
                self._add_classifier(kind, stream, classifier, classified, num_classes)
        self.logit_names: Tuple[str, ...] = tuple(f'{kind}/{name}' for name in in_channels for kind in ('seq', 'conv'))

    def forward(self, feats: Mapping[str, torch.Tensor], feat_lens: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the logits of the streams in ``feats``."""
        logits = {}
        for stream, features in feats.items():
            steps = features.transpose(1, 2)
            logits[f'seq/{stream}'] = self.classifier('seq', stream)(self.rnns[stream](steps, feat_lens))
            logits[f'conv/{stream}'] = self.classifier('conv', stream)(steps)
        return logits

    def classifier(self, kind: str, stream: str) -> nn.Module:
        """The classifier behind the logits ``kind/stream``."""
        return self.classifiers[self._classifier_key(kind, stream)]

    def _classifier_key(self, kind: str, stream: str) -> str:
        return {'none': f'{kind}_{stream}', 'stream': stream, 'all': 'all'}[self.share_classifier]

    def _add_classifier(self, kind: str, stream: str, classifier: str, channels: int, num_classes: int) -> None:
        key = self._classifier_key(kind, stream)
        if key not in self.classifiers:
            self.classifiers[key] = build_classifier(classifier, channels, num_classes)
            return
        # Both layers have a dimension of `num_classes`; the other one is the channels.
        shared = self.classifiers[key].weight.numel() // num_classes
        if shared != channels:
            raise ConfigError(
                f'{self.share_classifier!r} shares a classifier of {shared} channels with {kind}/{stream}, which has '
                f"{channels}. Make hidden_size equal to the neck's, or share less.",
                path='share_classifier',
            )
