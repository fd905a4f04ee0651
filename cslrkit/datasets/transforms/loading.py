"""Begin a clip: which frames of a sample are read, and in what size."""

from typing import Any, Dict, Iterator, Optional, Sequence, Tuple

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform

from cslrkit.datasets.transforms.checks import as_size, check_interval, describe
from cslrkit.datasets.transforms.plan import ClipPlan
from cslrkit.datasets.transforms.sample import set_clip
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import TRANSFORMS
from cslrkit.utils.messages import plural
from cslrkit.video.clip import Clip
from cslrkit.video.images import ImageClip


@TRANSFORMS.register_module()
class LoadFrames(BaseTransform):
    """Read every n-th frame into one RGB array.

    The first frame is drawn with ``torch.randint(0, frame_interval, [1])``, when testing too. In the
    sample of a dataset (a :class:`PlannedSample`) frames are not decoded before something asks for
    ``imgs``; in a plain dict they are at once.

    Source: ``BaseFeeder.read_video`` of kaistmm/SlowFastSign 37d1b6c.

    Required keys: ``frames`` or ``frame_paths`` (these count, where a transform changed them);
    ``frame_interval`` if the argument is None and it is not 1.
    Added keys: ``imgs`` (uint8 (T, H, W, 3), RGB), ``clip_len`` (T), ``frame_indices`` (int64 (T,),
    positions in ``frames``).

    Args:
        frame_interval: Keep every n-th frame; None takes the sample's ``frame_interval``, which
            the dataset sets.
        crop_top: Rows, in pixels, cut off the top of each frame (CSL-Daily: 40).
        resize: Height and width, or both in one number, that each frame is resized to after that
            with OpenCV's bilinear interpolation (CSL-Daily: 256).

    Raises:
        ConfigError: For a wrong argument.
        DataError: If no frame is left, or the first is not an image; when pixels are read, if a file
            that is needed is not an image, or its size differs from the first one's.
    """

    def __init__(
        self,
        *,
        frame_interval: Optional[int] = None,
        crop_top: int = 0,
        resize: Optional[Tuple[int, int]] = None,
    ) -> None:
        self.frame_interval = check_interval('LoadFrames', frame_interval)
        if isinstance(crop_top, bool) or not isinstance(crop_top, int) or crop_top < 0:
            raise ConfigError(f'LoadFrames: crop_top: got {crop_top!r}, expected a number of rows.')
        self.crop_top = crop_top
        self.resize = None if resize is None else as_size('LoadFrames: resize', resize)

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Add ``imgs`` and ``frame_indices``."""
        frames = _frames_of(results)
        interval = self.frame_interval or results.get('frame_interval', 1)
        offset = int(torch.randint(0, interval, [1]))
        if offset >= len(frames):
            raise DataError(
                f'{describe(results)}: {plural(len(frames), "frame")}, of which frame_interval {interval} from frame '
                f'{offset} '
                'leaves none. Use a smaller frame_interval.'
            )
        results['frame_indices'] = np.arange(offset, len(frames), interval)
        results['clip_len'] = len(results['frame_indices'])
        set_clip(results, self._plan(frames, results['frame_indices']))
        return results

    def _plan(self, frames: Clip, indices: np.ndarray) -> ClipPlan:
        if self.resize is not None:
            return ClipPlan.of(_ResizedFrames(frames, self.crop_top, self.resize), indices)
        plan = ClipPlan.of(frames, indices)
        if self.crop_top:
            _, height, width, _ = plan.shape
            _check_rows(frames, int(indices[0]), height, self.crop_top)
            plan = plan.window(self.crop_top, 0, height - self.crop_top, width)
        return plan


class _ResizedFrames(Clip):
    """Frames of another clip, cut at the top and resized; theirs may differ in size."""

    def __init__(self, frames: Clip, crop_top: int, size: Tuple[int, int]) -> None:
        super().__init__(frames.source, where=frames.where)
        self._frames = frames
        self._crop_top = crop_top
        self._size = size

    def __len__(self) -> int:
        return len(self._frames)

    def frame_name(self, index: int) -> str:
        return self._frames.frame_name(index)

    def frame_size(self, index: int = 0) -> Tuple[int, int]:
        return self._size

    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        height, width = self._size
        for index, frame in zip(indices, self._frames.decode(indices)):
            _check_rows(self._frames, index, frame.shape[0], self._crop_top)
            yield cv2.resize(frame[self._crop_top :], (width, height))


def _frames_of(results: Dict[str, Any]) -> Clip:
    """The sample's frames; paths that a transform changed, or that stand alone, count more."""
    frames, paths = results.get('frames'), results.get('frame_paths')
    if frames is None or (paths is not None and paths != frames.paths):
        return ImageClip(results['frame_paths'], where=describe(results))
    return frames


def _check_rows(frames: Clip, index: int, rows: int, crop_top: int) -> None:
    if crop_top >= rows:
        raise DataError(
            f"{frames.where}: '{frames.frame_name(index)}' has {plural(rows, 'row')}, of which crop_top={crop_top} "
            f'leaves none.'
        )
