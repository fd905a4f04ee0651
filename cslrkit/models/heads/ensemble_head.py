"""Heads on groups of the backbone's streams, and the ensemble of them."""

from typing import Dict, Mapping, Optional, Sequence, Tuple

import torch
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.models.losses.base import precise
from cslrkit.models.sine_code import sine_code
from cslrkit.registry import HEADS
from cslrkit.utils.checks import one_of, positive

PUBLISHED_GROUPS = dict(
    fuse=('left', 'face', 'right', 'body'), body=('body',), left=('left', 'face'), right=('right', 'face')
)
_EPS = 1e-6
_KERNEL = 3


@HEADS.register_module()
class EnsembleHead(nn.Module):
    """A head without recurrence for each group of parts; what is decoded is the mean of their probabilities.

    Source: sutwangyan/MSKA e7d5610 ``Visualhead.py``, ``recognition.py``; names of parameters are the same. As there,
    padded steps are not masked in evaluation.

    Args:
        in_channels: Channels of the neck's stream ``main``; the recognizer hands them over.
        num_classes: Number of classes V; the recognizer hands it over.
        parts: Channels of the parts that ``main`` consists of, by name and in their order; the recognizer hands them
            over from :class:`ConcatStreams`. By default ``main`` is one part.
        groups: Name of a head to the parts that it sees; by default those of MSKA, of one part ``fuse`` alone.
        hidden_size: Channels of a head.
        ff_size: Channels within its feed-forward layer.
        dropout: Probability of dropping a number in training.

    Shape:
        - Input: ``main`` (N, D, T'), ``feat_lens`` int64 (N,)
        - Output: ``<group>/main`` and ``ensemble/main`` (N, T', V)

    Raises:
        ConfigError: Without a stream ``main`` or with a group of parts that there are not.
    """

    primary: str = 'ensemble/main'

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        *,
        parts: Optional[Mapping[str, int]] = None,
        groups: Optional[Mapping[str, Sequence[str]]] = None,
        hidden_size: int = 512,
        ff_size: int = 2048,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if 'main' not in in_channels:
            raise ConfigError(f'EnsembleHead: got the streams {list(in_channels)}, expected main. Use ConcatStreams.')
        parts = {'main': in_channels['main']} if parts is None else dict(parts)
        if groups is None:
            groups = {'fuse': tuple(parts)} if len(parts) == 1 else PUBLISHED_GROUPS
        if not groups or 'ensemble' in groups:
            raise ConfigError(f"got {list(groups)}, expected names of heads other than 'ensemble'.", path='groups')
        self.part_channels = list(parts.values())
        names = list(parts)
        self.groups = {
            name: [names.index(one_of(f'groups.{name}', part, names)) for part in members]
            for name, members in groups.items()
        }
        positive('hidden_size', hidden_size)
        sizes = dict(hidden_size=hidden_size, ff_size=positive('ff_size', ff_size), dropout=dropout)
        self.heads = nn.ModuleDict(
            {
                name: _StepHead(sum(self.part_channels[index] for index in members), num_classes, **sizes)
                for name, members in self.groups.items()
            }
        )
        self.auxiliary: Optional[str] = f'{next(iter(self.groups))}/main'
        self.logit_names: Tuple[str, ...] = (self.primary, *(f'{name}/main' for name in self.groups))

    def forward(self, feats: Mapping[str, torch.Tensor], feat_lens: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the logits of each head, and those of the ensemble: the log of the sum of their probabilities."""
        parts = feats['main'].transpose(1, 2).split(self.part_channels, -1)
        logits = {
            f'{name}/main': self.heads[name](torch.cat([parts[index] for index in members], -1), feat_lens)
            for name, members in self.groups.items()
        }
        log_probs = [precise(value).log_softmax(-1) for value in logits.values()]
        return {self.primary: torch.stack(log_probs).logsumexp(0), **logits}


class _StepHead(nn.Module):
    """One head: (N, T', C) to logits (N, T', V)."""

    def __init__(self, channels: int, num_classes: int, *, hidden_size: int, ff_size: int, dropout: float) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden_size)
        self.bn1 = _StepNorm(hidden_size)
        self.feedforward = _FeedForward(hidden_size, ff_size, dropout)
        self.layer_norm = nn.LayerNorm(hidden_size, eps=_EPS)
        self.gloss_output_layer = nn.Linear(hidden_size, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, steps: torch.Tensor, lens: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        hidden = self.bn1(self.fc1(steps), lens).relu()
        code = sine_code(hidden.shape[1], hidden.shape[2]).to(hidden, non_blocking=True)
        hidden = self.feedforward(self.dropout(hidden + code))
        return self.gloss_output_layer(self.layer_norm(hidden))


class _StepNorm(nn.Module):
    """Batch norm over (N, T', C) that sees and changes in training only the steps of the clips, not their padding."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, steps: torch.Tensor, lens: torch.Tensor) -> torch.Tensor:
        """Normalize."""
        if not self.training:
            return self.norm(steps.flatten(0, 1)).view_as(steps)
        # Where the clips' own steps are is known on the CPU, so the device is not asked for their number.
        places = [torch.arange(length) + clip * steps.shape[1] for clip, length in enumerate(lens.tolist())]
        rows, flat = torch.cat(places).to(steps.device, non_blocking=True), steps.flatten(0, 1)
        normalized = self.norm(flat.index_select(0, rows))
        return flat.to(normalized.dtype).index_copy(0, rows, normalized).view_as(steps)


class _FeedForward(nn.Module):
    """Two convolutions over time past a shortcut, after a layer norm."""

    def __init__(self, channels: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(channels, eps=_EPS)
        self.pwff_layer = nn.Sequential(
            nn.Conv1d(channels, hidden, _KERNEL, padding=_KERNEL // 2),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Conv1d(hidden, channels, _KERNEL, padding=_KERNEL // 2),
            nn.Dropout(dropout),
        )

    def forward(self, steps: torch.Tensor) -> torch.Tensor:
        """Add what the layer makes of (N, T', C)."""
        return steps + self.pwff_layer(self.layer_norm(steps).transpose(1, 2)).transpose(1, 2)
