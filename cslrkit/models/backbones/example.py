"""An input that a backbone takes, for what follows one through the network."""

from typing import Any, Callable, Dict, Sequence, Union

import torch
from torch import nn

_SIZE = (64, 64)  # of an image: as small as every network here takes

Medium = Union[torch.Tensor, Dict[str, torch.Tensor]]


def example_input(backbone: nn.Module, num_frames: int, size: Sequence[int] = _SIZE) -> Medium:
    """Return a clip of zeros as a backbone's ``forward`` takes it, on the device and in the type of its weights.

    Keypoints (N, 3, T, K) are for a backbone that has ``num_keypoints``; one that takes something else than these or
    frames (N, 3, T, H, W) has a method ``example_input(num_frames)``.

    Args:
        backbone: Of the registry ``BACKBONES``, or the network of one.
        num_frames: Frames of the clip.
        size: Height and width of frames.
    """
    if hasattr(backbone, 'example_input'):
        example = backbone.example_input(num_frames)
    else:
        num_keypoints = getattr(backbone, 'num_keypoints', None)
        example = torch.zeros(1, 3, num_frames, *((num_keypoints,) if num_keypoints else size))
    parameter = next(backbone.parameters(), torch.zeros(1))
    return map_media(example, lambda medium: medium.to(parameter))


def random_clips(backbone: nn.Module, num_frames: int, size: Sequence[int]) -> Medium:
    """Return two random clips in the form of :func:`example_input`."""
    return map_media(example_input(backbone, num_frames, size), lambda medium: torch.randn(2, *medium.shape[1:]))


def shapes_of(inputs: Medium) -> Any:
    """Return the shape of a medium, or of each by name, for messages."""
    return map_media(inputs, lambda medium: tuple(medium.shape))


def map_media(inputs: Medium, function: Callable[[torch.Tensor], Any]) -> Any:
    """Apply a function to a medium, or to each of several by name."""
    if isinstance(inputs, torch.Tensor):
        return function(inputs)
    return {name: function(medium) for name, medium in inputs.items()}
