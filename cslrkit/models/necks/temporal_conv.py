"""Temporal convolution stacks between the frame features and the sequence model."""

from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import torch
from torch import nn

from cslrkit.errors import ConfigError, DataError
from cslrkit.models.necks.lift_pool import LIFT_PENALTIES, TemporalEnhancedPool, TemporalLiftPool
from cslrkit.registry import NECKS
from cslrkit.structures.temporal_spec import TemporalSpec
from cslrkit.utils.checks import positive
from cslrkit.utils.messages import plural

_LEARNT_POOLS = {'L': TemporalLiftPool, 'E': TemporalEnhancedPool}
PUBLISHED_KERNEL_SPEC = ('K5', 'P2', 'K5', 'P2')


@NECKS.register_module()
class TemporalConv(nn.Module):
    """One stack of 1-D convolutions and poolings over the channel-wise concatenation of the backbone's streams.

    Source: kaistmm/SlowFastSign 37d1b6c, ``modules/tconv.py`` (``TemporalConv``): convolution
    without padding, batch norm and ReLU, or max pooling. Different here: integer lengths. With a lifting in the
    kernel spec, convolution, batch norm and ReLU are one layer, as in hulianyuyy/Temporal-Lift-Pooling 21be215.

    Args:
        in_channels: Channels of the backbone's streams; the recognizer hands them over.
        hidden_size: Channels of the convolutions.
        kernel_spec: Layers, ``K5`` a convolution of kernel 5, ``P2`` a max pooling of 2, ``L2`` a
            :class:`TemporalLiftPool`, ``E2`` a :class:`TemporalEnhancedPool`.
        left_pad_rule: ``'exact'``, or ``'slowfastsign'`` for the published padding of kernel specs
            that pool first.

    Shape:
        - Input: streams (N, C_i, T), ``frame_lens`` int64 (N,)
        - Output: ``main`` (N, hidden_size, T'), ``feat_lens`` int64 (N,)

    Raises:
        ConfigError: For a kernel spec that cannot be read.
    """

    whole_layers = False  # whether convolution, batch norm and ReLU are one layer of a stack also without a lifting

    def __init__(
        self,
        in_channels: Mapping[str, int],
        hidden_size: int = 1024,
        *,
        kernel_spec: Sequence[str] = PUBLISHED_KERNEL_SPEC,
        left_pad_rule: str = 'exact',
    ) -> None:
        super().__init__()
        positive('hidden_size', hidden_size)
        stack_channels = self.stack_channels(in_channels)
        self.temporal_spec = TemporalSpec(kernel_spec, left_pad_rule)
        # What the main stack is given.
        own_main = 'main' in in_channels and len(stack_channels) > 1
        self.backbone_streams: Tuple[str, ...] = ('main',) if own_main else tuple(in_channels)
        self.streams: Tuple[str, ...] = tuple(stack_channels)
        self.stacks = nn.ModuleDict()
        self.out_channels: Dict[str, int] = {}
        lifts = any(kind == 'L' for kind, _ in self.temporal_spec.parsed)
        # Names of logits beside the head's, for losses.
        self.penalty_names = tuple(f'{kind}/{stream}' for stream in self.streams for kind in LIFT_PENALTIES if lifts)
        for stream, channels in stack_channels.items():
            self.stacks[stream] = self.build_stack(channels, hidden_size)
            convolves = any(kind == 'K' for kind, _ in self.temporal_spec.parsed)
            self.out_channels[stream] = hidden_size if convolves else channels

    def build_stack(self, channels: int, hidden_size: int) -> nn.Sequential:
        """The layers of the kernel spec over so many channels."""
        whole = self.whole_layers or any(kind == 'L' for kind, _ in self.temporal_spec.parsed)
        layers: List[nn.Module] = []
        for kind, size in self.temporal_spec.parsed:
            if kind == 'P':
                layers.append(nn.MaxPool1d(size))
            elif kind in _LEARNT_POOLS:
                layers.append(_LEARNT_POOLS[kind](channels))
            else:
                block = [nn.Conv1d(channels, hidden_size, size), nn.BatchNorm1d(hidden_size), nn.ReLU(True)]
                layers += [nn.Sequential(*block)] if whole else block
                channels = hidden_size
        return nn.Sequential(*layers)

    def stack_channels(self, in_channels: Mapping[str, int]) -> Dict[str, int]:
        """Channels that each stack is given, from those of the backbone's streams; ``main`` first."""
        return {'main': sum(in_channels.values())}

    def forward(
        self,
        feats: Mapping[str, torch.Tensor],
        frame_lens: torch.Tensor,
        *,
        streams: Optional[Sequence[str]] = None,
    ) -> Tuple[Dict[str, torch.Tensor], torch.Tensor]:
        """Return features per step for the asked streams, and the lengths in steps.

        Args:
            feats: The backbone's streams, each (N, C_i, T).
            frame_lens: Padded lengths in frames, int64 (N,).
            streams: Which streams to compute; all by default.

        Raises:
            DataError: If a clip is too short to leave a step.
        """
        feat_lens = self.temporal_spec.feat_len(frame_lens)
        if not torch.compiler.is_compiling() and int(feat_lens.min()) < 1:
            raise DataError(
                f'temporal stack {list(self.temporal_spec.layers)}: got a clip of '
                f'{plural(int(frame_lens.min()), "frame")} with '
                f'padding, expected at least {self._min_frames()}. Leave out such clips or take a shorter kernel spec.'
            )
        outputs = {}
        for stream in self.streams if streams is None else streams:
            if stream == 'main':
                parts = [feats[name] for name in self.backbone_streams]
                inputs = parts[0] if len(parts) == 1 else torch.cat(parts, 1)
            else:
                inputs = feats[stream]
            outputs[stream] = self.stacks[stream](inputs)
        return outputs, feat_lens

    def take_penalties(self) -> Dict[str, torch.Tensor]:
        """Return what the liftings of the last forward pass in training cost, by name, and forget it."""
        taken: Dict[str, torch.Tensor] = {}
        for stream, stack in self.stacks.items():
            for pool in (layer for layer in stack if isinstance(layer, TemporalLiftPool)):
                for kind, value in zip(LIFT_PENALTIES, pool.penalties):
                    name = f'{kind}/{stream}'
                    taken[name] = taken[name] + value if name in taken else value
                pool.penalties = ()
        return taken

    def _min_frames(self) -> int:
        frames = 1
        for kind, size in reversed(self.temporal_spec.parsed):
            frames = frames + size - 1 if kind == 'K' else frames * size
        return frames


@NECKS.register_module()
class MultiStreamTemporalConv(TemporalConv):
    """A stack over the concatenated streams, or over ``main`` if it is one, and an auxiliary one for each other.

    The main stack gives the result; the others are trained beside it and are left out at test time.
    Source: kaistmm/SlowFastSign 37d1b6c, ``modules/tconv.py`` (``TemporalSlowFastFuse``). Arguments are those of
    :class:`TemporalConv`.

    Shape:
        - Input: two or more streams (N, C_i, T), ``frame_lens`` int64 (N,)
        - Output: ``main`` and each stream asked for (N, hidden_size, T'), ``feat_lens`` int64 (N,)

    Raises:
        ConfigError: For a backbone of one stream or a kernel spec that cannot be read.
    """

    def stack_channels(self, in_channels: Mapping[str, int]) -> Dict[str, int]:
        """Channels that each stack is given, from those of the backbone's streams; ``main`` first."""
        if len(in_channels) < 2:
            raise ConfigError(
                f'MultiStreamTemporalConv needs a backbone of two or more streams, got {list(in_channels)}. '
                'Use TemporalConv.'
            )
        return {'main': in_channels.get('main', sum(in_channels.values())), **in_channels}
