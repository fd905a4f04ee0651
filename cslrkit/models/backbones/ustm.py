"""USTM: a Swin transformer on each frame, with convolutions over clips behind each of its stages."""

from typing import Dict, Optional, Sequence

import torch
from mmengine.model import BaseModule
from torch import nn
from torch.nn import functional as F
from torchvision.models.swin_transformer import SwinTransformer

from cslrkit.errors import ConfigError, DataError
from cslrkit.models.checkpointing import apply
from cslrkit.models.weights.pretrained import ScopedInit
from cslrkit.registry import BACKBONES
from cslrkit.structures.stream_spec import StreamSpec
from cslrkit.utils.checks import check_clip, one_of, positive

# torchvision's sizes: channels and blocks of the stages, and the probability of dropping the last block.
_SIZES = {'t': (96, (2, 2, 6, 2), 0.2), 's': (96, (2, 2, 18, 2), 0.3), 'b': (128, (2, 2, 18, 2), 0.5)}
_HEAD_CHANNELS = 32
_PATCH, _WINDOW = 4, 7
_INNER = 64  # channels of the adapters
_MAX_FRAMES = 1000


@BACKBONES.register_module()
class USTM(ScopedInit, BaseModule):
    """torchvision's Swin transformer on each frame, with an adapter over the clip behind each of its four stages.

    Source: "USTM" (2025), gufranSabri/USTM bdd57c5 ``swin/swin_transformer.py``; published weights load by name, as
    torchvision's of ImageNet do. Clips have at most 1000 frames, for which positions are learnt.

    Args:
        size: ``'t'``, ``'s'`` or ``'b'``, as torchvision names them: defaults of ``width`` and ``depths``.
        width: Channels of the first stage, a multiple of 32; each stage has twice those of the one before.
        depths: Blocks of the four stages.
        with_cp: Activation checkpointing: training keeps the inputs of stages and computes the rest of the
            transformer again, for less memory and more time.
        init_cfg: Initial weights, e.g. ``dict(type='Pretrained', checkpoint='torchvision://swin_b')``; see
            :class:`~cslrkit.models.weights.Pretrained`.

    Shape:
        - Input: (N, 3, T, H, W)
        - Output: ``main`` (N, 8 width, T)

    Raises:
        ConfigError: For another size, width or number of stages.
        DataError: For clips of more than 1000 frames.
    """

    def __init__(
        self,
        size: str = 'b',
        *,
        width: Optional[int] = None,
        depths: Optional[Sequence[int]] = None,
        with_cp: bool = False,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(init_cfg)
        default_width, default_depths, drop = _SIZES[one_of('size', size, _SIZES)]
        width = default_width if width is None else width
        if positive('width', width) % _HEAD_CHANNELS:
            raise ConfigError(f'got {width}, expected a multiple of {_HEAD_CHANNELS}.', path='width')
        depths = list(default_depths if depths is None else depths)
        if len(depths) != 4 or min(depths) < 1:
            raise ConfigError(f'got {depths}, expected four numbers of blocks.', path='depths')
        heads = [width // _HEAD_CHANNELS * 2**stage for stage in range(4)]
        network = SwinTransformer(
            [_PATCH] * 2, width, depths, heads, [_WINDOW] * 2, stochastic_depth_prob=drop, num_classes=1
        )
        self.features = network.features
        for stage in range(4):
            self.features[2 * stage + 1] = _AdaptedStage(self.features[2 * stage + 1], width * 2**stage, with_cp)
        self.norm = network.norm
        self.stream_specs = {'main': StreamSpec(8 * width)}

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the features, one per input frame."""
        check_clip(x)
        batch_size, _, num_frames = x.shape[:3]
        if num_frames > _MAX_FRAMES:
            raise DataError(f'USTM: got clips of {num_frames} frames, expected at most {_MAX_FRAMES}. Cut them.')
        x = x.transpose(1, 2).flatten(0, 1)
        for layer in self.features:
            x = layer(x, num_frames) if isinstance(layer, _AdaptedStage) else layer(x)
        features = self.norm(x).mean((1, 2))
        return {'main': features.unflatten(0, (batch_size, num_frames)).transpose(1, 2)}


class _AdaptedStage(nn.Module):
    """A stage s of the transformer with its adapter: ``s + adapter(s)``, which is ``2 s + f(s)``."""

    def __init__(self, stage: nn.Module, channels: int, with_cp: bool) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.swin_layer = stage
        self.temporal_adapter = ClipAdapter(channels)

    def forward(self, x: torch.Tensor, num_frames: int) -> torch.Tensor:
        """Map frames (N T, H, W, C) to the same."""
        x = apply(self.swin_layer, x, with_cp=self.with_cp)
        return x + self.temporal_adapter(x, num_frames)


class ClipAdapter(nn.Module):
    """``s + f(s)``, where f convolves over time and places in few channels; positions in time are learnt.

    Args:
        channels: Channels C.

    Shape:
        Frames of clips (N T, H, W, C) to the same.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.temporal_pos_emb = nn.Parameter(torch.zeros(_MAX_FRAMES, _INNER))
        self.norm1 = nn.LayerNorm(channels)
        self.down_proj = nn.Linear(channels, _INNER)
        # Published names; convolutions and norms alternate.
        self.block1_conv1x1, self.block1_bn1 = _conv(1)
        self.block1_conv3x3_1, self.block1_bn2 = _conv(3)
        self.block1_conv3x3_2, self.block1_bn3 = _conv(3)
        self.block2_conv3x3_1, self.block2_bn1 = _conv(3)
        self.block2_conv3x3_2, self.block2_bn2 = _conv(3)
        self.norm2 = nn.LayerNorm(_INNER)
        self.up_proj = nn.Linear(_INNER, channels)

    def forward(self, frames: torch.Tensor, num_frames: int) -> torch.Tensor:
        """Add what is convolved over clips of so many frames."""
        reduced = self.down_proj(self.norm1(frames)).unflatten(0, (-1, num_frames))
        reduced = reduced + self.temporal_pos_emb[:num_frames, None, None]
        convolved = self._convolved(reduced.permute(0, 4, 1, 2, 3)).permute(0, 2, 3, 4, 1).flatten(0, 1)
        return frames + self.up_proj(self.norm2(convolved))

    def _convolved(self, x: torch.Tensor) -> torch.Tensor:
        inner = F.gelu(self.block1_bn2(self.block1_conv3x3_1(x)))
        x = self.block1_bn1(self.block1_conv1x1(x)) + self.block1_bn3(self.block1_conv3x3_2(inner))
        inner = F.gelu(self.block2_bn1(self.block2_conv3x3_1(x)))
        return F.gelu(x + self.block2_bn2(self.block2_conv3x3_2(inner)))


def _conv(kernel: int) -> Sequence[nn.Module]:
    """A convolution with bias that keeps the size, and its batch norm."""
    conv = nn.Conv3d(_INNER, _INNER, kernel, padding=kernel // 2)
    return conv.to(memory_format=torch.channels_last_3d), nn.BatchNorm3d(_INNER)
