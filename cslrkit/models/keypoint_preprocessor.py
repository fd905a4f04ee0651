"""From the data loader's lists of keypoints to the network's batch."""

from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import torch
from mmengine.model import BaseDataPreprocessor

from cslrkit.errors import ConfigError, DataError
from cslrkit.models.data_preprocessor import check_batch
from cslrkit.registry import MODELS
from cslrkit.structures.padding import longest_first, pad_clips
from cslrkit.structures.temporal_spec import TemporalSpec


@MODELS.register_module()
class KeypointDataPreprocessor(BaseDataPreprocessor):
    """Scale keypoints to the picture, turn and shift the batch in training, and pad it.

    x becomes ``2 x / width - 1`` and y ``2 (height - y) / height - 1``, so that y grows upwards; scores stay. Samples
    are sorted longest clip first, equal lengths in their order; a clip is padded by its last frame.

    In training, ``numpy.random`` draws in this order, for the clips as they are given: with ``max_shift``,
    ``random() < 0.5`` and then a shift in x for each clip and one in y; with ``max_degrees``, one angle for the batch
    and ``uniform(0, 1) >= 0.5``, whether it is turned by it. Coordinates are those of the network, so a picture that
    is not square is turned with its sides made equal.

    Source: ``datasets.py`` of sutwangyan/MSKA e7d5610 (``max_degrees=15``) and ``dataloader_video.py`` of xhonghu/CESMM
    41cda13 (``max_degrees=15, max_shift=0.1``).

    Args:
        max_degrees: Greatest angle of a turn; 0 draws nothing.
        max_shift: Greatest shift, where the picture is 2 wide; 0 draws nothing.
        temporal_spec: Geometry of the temporal stack, handed over by the recognizer; None pads only to the longest
            clip.
        non_blocking: Whether copies to the device may overlap with computation.

    Shape:
        ``data['inputs']``: keypoints (T, K, 3), x and y in pixels and score, in a list, with ``data['data_samples']``
        of the same length, whose ``image_size`` is that of the picture. Returns ``inputs`` float32 (N, 3, T_pad, K),
        ``frame_lens`` int64 (N,) on the CPU, and ``data_samples``, both in the new order.

    Raises:
        ConfigError: For a negative number.
        DataError: For inputs that are no keypoints of one number of points, or not one sample each.
    """

    def __init__(
        self,
        *,
        max_degrees: float = 0.0,
        max_shift: float = 0.0,
        temporal_spec: Optional[TemporalSpec] = None,
        non_blocking: bool = True,
    ) -> None:
        super().__init__(non_blocking=non_blocking)
        for name, value in (('max_degrees', max_degrees), ('max_shift', max_shift)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
                raise ConfigError(f'got {value!r}, expected a number from 0 on.', path=name)
        self.max_degrees = max_degrees
        self.max_shift = max_shift
        self.temporal_spec = TemporalSpec(()) if temporal_spec is None else temporal_spec

    def forward(self, data: Dict[str, Any], training: bool = False) -> Dict[str, Any]:
        """Return the batch; with ``training`` turned and shifted."""
        clips, samples = data['inputs'], data['data_samples']
        check_batch(type(self).__name__, clips, samples)
        _check_clips(clips, samples)
        clips = [in_picture(clip, sample.image_size) for clip, sample in zip(self.cast_data(clips), samples)]
        if training:
            self._move(clips)
        order = longest_first(clips)
        batch, frame_lens = pad_clips([clips[place].transpose(1, 2)[..., None] for place in order], self.temporal_spec)
        on_cpu = [samples[place].to('cpu') for place in order]
        return dict(inputs=batch[..., 0].transpose(1, 2).contiguous(), frame_lens=frame_lens, data_samples=on_cpu)

    def _move(self, clips: Sequence[torch.Tensor]) -> None:
        """Shift and turn the clips (T, K, 3), in place."""
        if self.max_shift and np.random.random() < 0.5:
            for axis in (0, 1):
                shifts = np.random.uniform(-self.max_shift, self.max_shift, (len(clips), 1, 1)).ravel().tolist()
                for clip, shift in zip(clips, shifts):
                    clip[..., axis] += shift
        if self.max_degrees:
            angle = np.radians(np.random.uniform(-self.max_degrees, self.max_degrees))
            if np.random.uniform(0, 1) >= 0.5:
                cosine, sine = np.cos(angle), np.sin(angle)
                for clip in clips:
                    x, y = clip[..., 0].clone(), clip[..., 1].clone()
                    clip[..., 0] = x * cosine + y * sine
                    clip[..., 1] = y * cosine - x * sine


def in_picture(clip: torch.Tensor, size: Sequence[Any]) -> torch.Tensor:
    """Scale x and y of keypoints (..., 3) to -1..1 over a picture of that width and height, y upwards."""
    width, height = size
    x, y, score = clip.float().unbind(-1)
    return torch.stack([2 * x / width - 1, 2 * (height - y) / height - 1, score], -1)


def _check_clips(clips: Sequence[Any], samples: List[Any]) -> None:
    for position, (clip, sample) in enumerate(zip(clips, samples)):
        is_tensor = isinstance(clip, torch.Tensor)
        if not is_tensor or not clip.is_floating_point() or clip.dim() != 3 or clip.shape[2] != 3 or not len(clip):
            got = f'{tuple(clip.shape)} of {clip.dtype}' if is_tensor else type(clip).__name__
            raise DataError(
                f'KeypointDataPreprocessor: clip {position} is {got}, expected keypoints, a float tensor (T, K, 3) of '
                "at least a frame; begin the pipeline with dict(type='LoadKeypoints')."
            )
        if clip.shape[1] != clips[0].shape[1]:
            raise DataError(
                f'KeypointDataPreprocessor: clip {position} has {clip.shape[1]} points, clip 0 has '
                f'{clips[0].shape[1]}; expected one layout. Select the same parts of each.'
            )
        if sample.get('image_size') is None:
            raise DataError(
                f"KeypointDataPreprocessor: sample '{sample.get('sample_id')}' does not say the size of the picture. "
                'Pack it by PackSignInputs, with image_size=(width, height).'
            )
