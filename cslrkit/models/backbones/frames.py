"""Sampling, pooling and repeating frames, in the memory format that they come in."""

from functools import partial

import torch
from torch import nn


def every_frame(x: torch.Tensor, alpha: int) -> torch.Tensor:
    """Every ``alpha``-th frame of a clip (N, C, T, H, W), in one piece and in the clip's memory format.

    A convolution would copy the view to one piece itself; compilers guess its memory format wrong.
    """
    channels_last = x.is_contiguous(memory_format=torch.channels_last_3d)
    layout = torch.channels_last_3d if channels_last else torch.contiguous_format
    return x[:, :, ::alpha].contiguous(memory_format=layout)


def keep_gradient_format(x: torch.Tensor) -> None:
    """Let the gradient of a channels-last tensor be channels-last too.

    The backward pass of upsampling gives a contiguous one, and layers below hand on the memory format of
    their gradient.
    """
    if x.dim() == 5 and x.requires_grad and x.is_contiguous(memory_format=torch.channels_last_3d):
        x.register_hook(partial(torch.Tensor.contiguous, memory_format=torch.channels_last_3d))


def pool_frames(x: torch.Tensor, grid: int = 1) -> torch.Tensor:
    """Average over the cells of an image grid: (N, C, T, H, W) to (N, C grid^2, T).

    A window as large as the image adds in the order of the published 7 x 7 window, so that equal
    weights give equal bits; ``mean`` does not. By frame it takes channels-last memory as it is.

    Args:
        x: Feature maps.
        grid: Cells along height and width; 1 is published, more keeps where something was seen.
    """
    frames = x.transpose(1, 2).flatten(0, 1)
    if grid == 1:
        pooled = nn.functional.avg_pool2d(frames, frames.shape[2:])
    else:
        pooled = nn.functional.adaptive_avg_pool2d(frames, grid)
    return pooled.flatten(1).unflatten(0, (x.shape[0], x.shape[2])).transpose(1, 2)


def upsample_time(x: torch.Tensor, alpha: int, num_frames: int) -> torch.Tensor:
    """Repeat each step of a slow pathway ``alpha`` times and cut to ``num_frames``.

    Step ``i`` was sampled at frame ``i * alpha``, so it stands for the frames from there on. For a
    length that ``alpha`` divides this is the published nearest interpolation.

    Args:
        x: Slow pathway, (N, C, T_slow) or (N, C, T_slow, H, W).
        alpha: Frames per slow step.
        num_frames: Length of the result, at most ``alpha * T_slow``.
    """
    keep_gradient_format(x)
    factor = alpha if x.dim() == 3 else (alpha, 1, 1)
    return nn.functional.interpolate(x, scale_factor=factor)[:, :, :num_frames]
