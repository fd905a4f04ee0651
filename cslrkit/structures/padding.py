"""Pad clips to a batch and normalize it: what every collate and the data preprocessor share."""

from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch

from cslrkit.errors import DataError
from cslrkit.structures.temporal_spec import TemporalSpec

Statistic = Union[float, Sequence[float]]

_ALIGNMENT = 64  # bytes, torch's own


def longest_first(clips: Sequence[torch.Tensor]) -> List[int]:
    """Positions of ``clips`` by falling length; equal lengths keep their order."""
    return sorted(range(len(clips)), key=lambda position: len(clips[position]), reverse=True)


def pad_clips(
    clips: Sequence[torch.Tensor],
    spec: TemporalSpec,
    *,
    dtype: Optional[torch.dtype] = None,
    channels_last: bool = False,
    fill: Callable[[torch.Tensor, torch.Tensor], Any] = torch.Tensor.copy_,
) -> Tuple[torch.Tensor, torch.Tensor]:
    """Pad clips in time to one batch.

    A clip gets ``spec.left_pad`` copies of its first frame on the left, and copies of its last
    frame on the right up to the padded length of the longest clip.

    Source: ``BaseFeeder.collate_fn`` of kaistmm/SlowFastSign 37d1b6c.

    Args:
        clips: Clips of any number type on one device.
        spec: Gives the left padding and the padded lengths.
        dtype: Number type of the batch; None keeps that of the clips.
        channels_last: Whether channels are innermost in memory (N T H W C) instead of N T C H W.
        fill: Writes a clip's pixels (the second argument) into the batch's (T, C, H, W), the first; padding repeats
            what it wrote.

    Shape:
        clips: (T, C, H, W) each. Returns: the batch (N, T_pad, C, H, W) and ``frame_lens``, int64
        (N,) on the CPU, the length of each clip after padding to whole feature steps.

    Raises:
        DataError: For no clips, an empty clip, or clips that differ in channels, height or width.
    """
    _check_clips(clips)
    channels, height, width = clips[0].shape[1:]
    lengths = [spec.frame_len(len(clip)) for clip in clips]
    options = dict(dtype=dtype or clips[0].dtype, device=clips[0].device)
    if channels_last:
        batch = _empty((len(clips), max(lengths), height, width, channels), **options).permute(0, 1, 4, 2, 3)
    else:
        batch = _empty((len(clips), max(lengths), channels, height, width), **options)
    for row, clip in zip(batch, clips):
        begin, end = spec.left_pad, spec.left_pad + len(clip)
        fill(row[begin:end], clip)
        row[:begin] = row[begin]
        row[end:] = row[end - 1]
    return batch, torch.tensor(lengths, dtype=torch.int64)


def pad_features(
    clips: Sequence[torch.Tensor], spec: TemporalSpec, *, paddings: Sequence[Tuple[int, int]]
) -> Tuple[torch.Tensor, torch.Tensor]:
    """Pad features in time to one batch, as :func:`pad_clips` pads frames, and never twice.

    Args:
        clips: Features on one device, with the rows of padding that they were computed with.
        spec: Gives the left padding and the padded lengths.
        paddings: Rows of padding before and after each clip. Where they are those that ``spec`` asks for, the clip
            keeps them, otherwise it loses them.

    Shape:
        clips: (T, C) each. Returns: the batch (N, T_pad, C) and ``frame_lens``, int64 (N,) on the CPU.

    Raises:
        DataError: For no clips, an empty clip, or clips that differ in width.
    """
    bare = [clip[before : len(clip) - after] for clip, (before, after) in zip(clips, paddings)]
    batch, frame_lens = pad_clips([clip[:, :, None, None] for clip in bare], spec)
    batch = batch.flatten(2)
    for row, clip, inner, (before, _) in zip(batch, clips, bare, paddings):
        if before == spec.left_pad and len(clip) == spec.frame_len(len(inner)):
            row[: len(clip)] = clip
            row[len(clip) :] = clip[-1]
    return batch, frame_lens


def normalize_(video: torch.Tensor, *, mean: Statistic, std: Statistic) -> torch.Tensor:
    """Turn pixels 0-255 into ``(x / 255 - mean) / std``, in place.

    Args:
        video: Float pixels.
        mean: Mean of pixels in 0-1, one number or one a channel.
        std: Standard deviation, likewise.

    Shape:
        video: (..., C, H, W), which is also returned.
    """
    return video.div_(255.0).sub_(_per_channel(mean, video)).div_(_per_channel(std, video))


def _empty(shape: Sequence[int], *, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Return memory of any content.

    A batch is so large that the system hands its memory out page by page as it is first written, which
    takes longer than the writing. NumPy asks for huge pages, torch does not.
    """
    if device.type != 'cpu':
        return torch.empty(shape, dtype=dtype, device=device)
    size = int(np.prod(shape)) * torch.empty((), dtype=dtype).element_size()
    memory = torch.from_numpy(np.empty(size + _ALIGNMENT, dtype=np.uint8))
    start = -memory.data_ptr() % _ALIGNMENT
    return memory[start : start + size].view(dtype).view(shape)


def _per_channel(value: Statistic, video: torch.Tensor) -> Union[float, torch.Tensor]:
    return value if isinstance(value, (int, float)) else video.new_tensor(value).view(-1, 1, 1)


def _check_clips(clips: Sequence[torch.Tensor]) -> None:
    if not len(clips):
        raise DataError('batch: got no clips, expected at least one.')
    for position, clip in enumerate(clips):
        if clip.dim() != 4 or len(clip) == 0:
            raise DataError(
                f'batch: clip {position} has the shape {tuple(clip.shape)}, expected (T, C, H, W) with T > 0.'
            )
        if clip.shape[1:] != clips[0].shape[1:]:
            raise DataError(
                f'batch: clip {position} is {_size(clip)}, clip 0 is {_size(clips[0])} (channels x height x width). '
                'Crop or resize all clips to one size in the pipeline, or use a batch size of 1.'
            )


def _size(clip: torch.Tensor) -> str:
    return 'x'.join(str(size) for size in clip.shape[1:])
