"""What lets the layers of a model compute the same in less time on a CPU."""

from typing import Dict, List, Type

import cv2
import torch
from torch import nn
from torch.nn import functional as F

from cslrkit.models.data_preprocessor import SignDataPreprocessor
from cslrkit.models.heads.padded_lstm import PaddedLSTM, pack, unpack


def prepare_for_cpu(model: nn.Module) -> nn.Module:
    """Convert the layers of a model that a CPU computes faster another way, in place, and return the model.

    Convolutions, LSTMs and the data preprocessor keep parameters, names and results, the LSTMs' to floating-point
    noise. On another device, the converted model computes as it did before.
    """
    for module in model.modules():
        if type(module) is not nn.Conv3d or _is_flat(module):
            module.__class__ = _FASTER.get(type(module), type(module))
    return model


class FlatConv3d(nn.Conv3d):
    """Convolution with a kernel of one frame or one place that trains in bfloat16 as a 2-D one.

    The backward passes of 2-D convolutions are up to a third faster than those of 3-D ones with a kernel of
    size 1 in time, or in height and width. In channels-last memory frames, or the places of a frame, are rows
    of a 2-D image without a copy.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, T, H, W) to (N, C', T', H', W')."""
        gains = x.dtype is torch.bfloat16 and x.device.type == 'cpu' and torch.is_grad_enabled()
        if not gains or not x.is_contiguous(memory_format=torch.channels_last_3d):
            return super().forward(x)
        if self.kernel_size[0] == self.stride[0] == 1 and self.padding[0] == 0:
            frames = x.transpose(1, 2).flatten(0, 1)
            frames = F.conv2d(frames, self.weight.squeeze(2), None, self.stride[1:], self.padding[1:])
            return frames.unflatten(0, (x.shape[0], x.shape[2])).transpose(1, 2)
        places = F.conv2d(x.flatten(3), self.weight.squeeze(4), None, (self.stride[0], 1), (self.padding[0], 0))
        return places.unflatten(3, x.shape[3:])


class WholeClipLSTM(PaddedLSTM):
    """LSTM of which each direction runs over whole padded clips, backwards ones turned round first.

    torch computes a packed sequence of different lengths step by step; this takes a quarter to two thirds of the
    time, and drops the same features between the layers. In mixed precision it keeps that of its weights.
    """

    def forward(self, steps: torch.Tensor, lens: torch.Tensor) -> torch.Tensor:
        """Return the features of all steps."""
        if steps.device.type != 'cpu':
            return super().forward(steps, lens)
        with torch.autocast('cpu', enabled=False):
            steps = steps.to(self.weight_ih_l0.dtype)
            if steps.dtype != torch.float32 or len(set(lens.tolist())) == 1:
                return super().forward(steps, lens)
            return self._run_directions(steps, lens)

    def _run_directions(self, steps: torch.Tensor, lens: torch.Tensor) -> torch.Tensor:
        places = torch.arange(steps.shape[1]).expand(len(steps), -1)
        padding = places >= lens[:, None]
        backwards = torch.where(padding, places, lens[:, None] - 1 - places)
        steps = steps.masked_fill(padding[..., None], 0)
        for layer in range(self.num_layers):
            if layer and self.training and self.dropout:
                # Draw for the steps of the clips only, in the order in which a packed sequence has them.
                packed = pack(steps, lens)
                steps = unpack(packed._replace(data=F.dropout(packed.data, self.dropout)), steps.shape[1])
            outputs = [self._run_direction(steps, f'l{layer}')]
            if self.bidirectional:
                turned = self._run_direction(_reorder(steps, backwards), f'l{layer}_reverse')
                outputs.append(_reorder(turned, backwards))
            steps = torch.cat(outputs, -1).masked_fill(padding[..., None], 0)
        return steps

    def _run_direction(self, steps: torch.Tensor, name: str) -> torch.Tensor:
        kinds = ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh')
        weights: List[torch.Tensor] = [getattr(self, f'{kind}_{name}') for kind in kinds]
        state = steps.new_zeros(1, len(steps), self.hidden_size)
        options = dict(
            has_biases=True, num_layers=1, dropout=0.0, train=torch.is_grad_enabled(), bidirectional=False,
            batch_first=True,
        )  # fmt: skip
        return torch.lstm(steps, (state, state), weights, **options)[0]


class TablePreprocessor(SignDataPreprocessor):
    """Data preprocessor that normalizes through a table of the 256 values of a pixel: one pass over memory.

    It runs in one thread. Several gain little where memory is the limit, and lose much beside the data loader's
    workers.
    """

    def fill(self, out: torch.Tensor, clip: torch.Tensor) -> None:
        """Write a clip, normalized, into its place in the batch."""
        by_pixel = [video.permute(0, 2, 3, 1) for video in (clip, out)]
        if clip.device.type != 'cpu' or not clip.numel() or not all(video.is_contiguous() for video in by_pixel):
            super().fill(out, clip)
            return
        frames, height, width, channels = by_pixel[0].shape
        values = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1).expand(-1, channels, -1, -1)
        table = torch.empty(values.shape)
        super().fill(table, values)
        table = table.view(1, 256, channels)
        if torch.equal(table, table[..., :1].expand_as(table)):
            table, shape = table[..., 0].contiguous(), (frames * height, width * channels)
        else:
            shape = (frames * height, width, channels)
        source, target = (video.reshape(shape).numpy() for video in by_pixel)
        cv2.LUT(source, table.numpy(), dst=target)


_FASTER: Dict[type, Type[nn.Module]] = {
    nn.Conv3d: FlatConv3d,
    PaddedLSTM: WholeClipLSTM,
    SignDataPreprocessor: TablePreprocessor,
}


def _is_flat(conv: nn.Conv3d) -> bool:
    """Whether the kernel has one frame or one place, and nothing else stands against a 2-D convolution."""
    if conv.bias is not None or conv.groups != 1 or set(conv.dilation) != {1} or isinstance(conv.padding, str):
        return False
    along_time = conv.kernel_size[:1] == conv.stride[:1] == (1,) and conv.padding[0] == 0
    in_place = conv.kernel_size[1:] == conv.stride[1:] == (1, 1) and conv.padding[1:] == (0, 0)
    return (along_time or in_place) and conv.padding_mode == 'zeros'


def _reorder(steps: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    return steps.gather(1, order[..., None].expand(-1, -1, steps.shape[-1]))
