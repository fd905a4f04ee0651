"""The temporal geometry of a recognizer: padding, stride and lengths from one kernel spec."""

import math
import re
from dataclasses import dataclass, field
from typing import Sequence, Tuple, TypeVar

import torch

from cslrkit.errors import ConfigError
from cslrkit.utils.checks import one_of

Length = TypeVar('Length', int, torch.Tensor)

LEFT_PAD_RULES = ('exact', 'slowfastsign')


@dataclass(frozen=True)
class TemporalSpec:
    """Layers of a temporal convolution stack, written as in the published code.

    ``K5`` is a convolution of kernel 5 without padding, ``P2`` a max pooling of kernel and
    stride 2, ``L2`` a lifting that pools 2 steps, ``E2`` an enhanced pooling.
    Source: kaistmm/SlowFastSign 37d1b6c, ``modules/tconv.py`` and
    ``dataset/dataloader_video.py``; lengths are integers here, floats there.

    Args:
        layers: Kernel spec, e.g. ``('K5', 'P2', 'K5', 'P2')``.
        left_pad_rule: ``'exact'`` pads by what the convolutions consume on the left;
            ``'slowfastsign'`` follows the published recurrence, which pads less where a pooling
            comes before the first convolution, and elsewhere the same for the published layouts.

    Raises:
        ConfigError: For a layer that is not ``K`` or ``P`` with a positive size, ``L2`` or ``E2``, an even
            convolution kernel, or an unknown rule.

    Examples:
        >>> spec = TemporalSpec(('K5', 'P2', 'K5', 'P2'))
        >>> spec.total_stride, spec.left_pad, spec.frame_len(41), spec.feat_len(56)
        (4, 6, 56, 11)
    """

    layers: Tuple[str, ...]
    left_pad_rule: str = 'exact'
    parsed: Tuple[Tuple[str, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.layers, str):
            raise ConfigError(f"kernel spec: got the string {self.layers!r}, expected a list such as ['K5', 'P2'].")
        object.__setattr__(self, 'layers', tuple(self.layers))
        object.__setattr__(self, 'parsed', tuple(_parse_layer(layer) for layer in self.layers))
        one_of('left_pad_rule', self.left_pad_rule, LEFT_PAD_RULES)

    @property
    def total_stride(self) -> int:
        """Frames per feature step: the product of the pooling strides."""
        return math.prod(size for kind, size in self.parsed if kind != 'K')

    @property
    def left_pad(self) -> int:
        """Copies of the first frame put before a clip, in frames."""
        pad, stride, last_stride = 0, 1, 1
        for kind, size in self.parsed:
            if kind != 'K':
                stride *= size
                last_stride = size
            elif self.left_pad_rule == 'exact':
                pad += (size - 1) // 2 * stride
            else:
                # The published recurrence: earlier padding is scaled by the last pooling only.
                pad = pad * last_stride + (size - 1) // 2
        return pad

    def frame_len(self, num_frames: Length) -> Length:
        """Length of a clip of ``num_frames`` frames after padding, in frames (int or int64 tensor)."""
        stride = self.total_stride
        # Of no negative number: exported to ONNX, a division rounds those towards 0.
        return (num_frames + stride - 1) // stride * stride + 2 * self.left_pad

    def feat_len(self, frame_len: Length) -> Length:
        """Feature steps that a padded length of ``frame_len`` frames leaves (int or int64 tensor)."""
        for kind, size in self.parsed:
            frame_len = frame_len - (size - 1) if kind == 'K' else frame_len // size
        return frame_len

    def frame_span(self, first_step: int, last_step: int, num_frames: int) -> Tuple[int, int]:
        """Frames that the feature steps ``first_step..last_step`` stand for.

        Args:
            first_step: First feature step.
            last_step: Last feature step, included.
            num_frames: Length of the clip before padding, in frames.

        Returns:
            Start and end in frames of the clip; the end is excluded, and at least one frame is
            covered.
        """
        # A step stands for the `total_stride` frames at the centre of its receptive field. With
        # exact padding that is [step * stride, (step + 1) * stride); a shorter padding shifts it.
        shift = TemporalSpec(self.layers).left_pad - self.left_pad
        start = first_step * self.total_stride + shift
        end = (last_step + 1) * self.total_stride + shift
        start = min(max(start, 0), max(num_frames - 1, 0))
        return start, max(min(end, num_frames), start + 1)


def steps_needed(gloss_ids: Sequence[int]) -> int:
    """Steps that CTC needs for a sentence: one for each gloss, and one more for the blank between equal neighbours.

    Examples:
        >>> steps_needed([3, 5, 5])
        4
    """
    return len(gloss_ids) + sum(one == other for one, other in zip(gloss_ids, gloss_ids[1:]))


def _parse_layer(layer: str) -> Tuple[str, int]:
    match = re.fullmatch(r'([KP])([1-9]\d*)|([LE])(2)', str(layer))
    if match is None:
        raise ConfigError(f"kernel spec: got the layer {layer!r}, expected e.g. 'K5', 'P2', 'L2' or 'E2'.")
    kind, size = match.group(1) or match.group(3), int(match.group(2) or 2)
    if kind == 'K' and size % 2 == 0:
        raise ConfigError(f'kernel spec: got {layer!r}, but a convolution kernel must be odd.')
    return kind, size
