"""Read the frames of a sample from image files."""

from typing import Any, Dict, List, Optional, Tuple

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform

from cslrkit.datasets.transforms.checks import as_size, check_interval, describe
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadFrames(BaseTransform):
    """Read every n-th frame into one RGB array.

    The first frame is drawn with ``torch.randint(0, frame_interval, [1])``, when testing too.

    Source: ``BaseFeeder.read_video`` of kaistmm/SlowFastSign 37d1b6c.

    Required keys: ``frame_paths``; ``frame_interval`` if the argument is None and it is not 1.
    Added keys: ``imgs`` (uint8 (T, H, W, 3), RGB), ``clip_len`` (T), ``frame_indices`` (int64 (T,), positions in
    ``frame_paths``).

    Args:
        frame_interval: Keep every n-th frame; None takes the sample's ``frame_interval``, which
            the dataset sets.
        crop_top: Rows, in pixels, cut off the top of each frame (CSL-Daily: 40).
        resize: Height and width, or both in one number, that each frame is resized to after that
            with OpenCV's bilinear interpolation (CSL-Daily: 256).

    Raises:
        ConfigError: For a wrong argument.
        DataError: If no frame is left, or a file is not an image, or its size differs from the
            first one's.
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
        paths = results['frame_paths']
        interval = self.frame_interval or results.get('frame_interval', 1)
        offset = int(torch.randint(0, interval, [1]))
        if offset >= len(paths):
            raise DataError(
                f'{describe(results)}: {len(paths)} frames, of which frame_interval {interval} from frame {offset} '
                'leaves none. Use a smaller frame_interval.'
            )
        results['frame_indices'] = np.arange(offset, len(paths), interval)
        results['clip_len'] = len(results['frame_indices'])
        results['imgs'] = self._read_all(paths[offset::interval], describe(results))
        return results

    def _read_all(self, paths: List[str], where: str) -> np.ndarray:
        first = self._read(paths[0], where)
        clip = np.empty((len(paths), *first.shape), dtype=np.uint8)
        for index, path in enumerate(paths):
            image = self._read(path, where) if index else first
            if image.shape != first.shape:
                raise DataError(
                    f"{where}: '{path}' is {image.shape[1]}x{image.shape[0]} pixels, '{paths[0]}' is "
                    f'{first.shape[1]}x{first.shape[0]}; all frames of a sample must have one size.'
                )
            cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=clip[index])
        return clip

    def _read(self, path: str, where: str) -> np.ndarray:
        """Read one image as BGR, cut and resized."""
        image = cv2.imread(path)
        if image is None:
            raise DataError(f"{where}: '{path}' cannot be read as an image. Replace the file or prepare it again.")
        if self.crop_top >= image.shape[0]:
            raise DataError(
                f"{where}: '{path}' has {image.shape[0]} rows, of which crop_top={self.crop_top} leaves none."
            )
        image = image[self.crop_top :]
        if self.resize is not None:
            image = cv2.resize(image, (self.resize[1], self.resize[0]))
        return image
