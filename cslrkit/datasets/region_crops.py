"""Crops of hands and face, to train a prior on."""

import random
from typing import Any, Dict, List, Mapping, Sequence, Tuple, Union

import numpy as np
import torch

from cslrkit.datasets.cslr_dataset import CSLRDataset
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import DATASETS
from cslrkit.restoration.regions import Box, find_regions
from cslrkit.structures import SignDataSample


@DATASETS.register_module()
class RegionCrops:
    """Squares around hands and face, as many of each clip of a dataset as are asked for.

    They are cut out in full resolution, with a little of what surrounds a region, shifted by up to an eighth of their
    side, and half of them are mirrored; ``random`` draws all that. A clip without regions gives squares from anywhere.

    Args:
        dataset: A :class:`CSLRDataset`, or its config; its pipeline is not used. With ``keypoints`` regions come from
            these, otherwise from motion.
        regions: Names, see :func:`cslrkit.restoration.regions.find_regions`.
        size: Side of a square in pixels.
        crops: Squares of a clip.

    Raises:
        ConfigError: For another dataset.
    """

    def __init__(
        self,
        dataset: Union[Dict[str, Any], CSLRDataset],
        regions: Sequence[str] = ('hands', 'face'),
        *,
        size: int = 48,
        crops: int = 16,
    ) -> None:
        self.dataset = DATASETS.build(dataset) if isinstance(dataset, Mapping) else dataset
        if not isinstance(self.dataset, CSLRDataset):
            raise ConfigError(f'got a {type(self.dataset).__name__}, expected a CSLRDataset.', path='dataset')
        self.regions, self.size, self.crops = tuple(regions), size, crops

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.dataset)

    @property
    def metainfo(self) -> Dict[str, Any]:
        """That of the dataset."""
        return self.dataset.metainfo

    def __getitem__(self, index: int) -> Dict[str, Any]:
        """Return ``inputs``, uint8 (crops, 3, size, size), and ``data_samples``.

        Raises:
            DataError: If a clip cannot be read, or its frames are smaller than a square.
        """
        frames, found = read_regions(self.dataset, index, self.regions)
        info = self.dataset.get_data_info(index)
        height, width = frames.shape[1:3]
        if min(height, width) < self.size:
            raise DataError(
                f"sample '{info['sample_id']}': got frames of {width}x{height} pixels, expected at least "
                f'{self.size}x{self.size}, the crops of the prior. Train a smaller one: set size in the config.'
            )
        places = [(number, box) for number, boxes in enumerate(found) for box in boxes.values()]
        places = places or [(number, (0, 0, width, height)) for number in range(len(frames))]
        squares = [self._square(frames[number], box) for number, box in random.choices(places, k=self.crops)]
        inputs = torch.from_numpy(np.stack(squares).transpose(0, 3, 1, 2).copy())
        return dict(inputs=inputs, data_samples=SignDataSample.create(info['sample_id'], info['gloss_ids']))

    def _square(self, frame: np.ndarray, box: Box) -> np.ndarray:
        """Cut a square out around the middle of a box, or within a larger one."""
        corner = []
        for first, last, length in ((box[1], box[3], frame.shape[0]), (box[0], box[2], frame.shape[1])):
            slack = max(self.size // 8, (last - first - self.size) // 2)
            middle = (first + last - self.size) // 2 + random.randint(-slack, slack)
            corner.append(min(max(middle, 0), length - self.size))
        square = frame[corner[0] : corner[0] + self.size, corner[1] : corner[1] + self.size]
        return square[:, ::-1] if random.random() < 0.5 else square


def read_regions(dataset: CSLRDataset, index: int, regions: Sequence[str]) -> Tuple[np.ndarray, List[Dict[str, Box]]]:
    """Return the frames of a sample, uint8 (T, H, W, 3), and the boxes of regions in each of them.

    Raises:
        DataError: If a frame cannot be read or differs in size from the first.
    """
    frames = np.stack([frame.image for frame in dataset.clip(index).frames()])
    reader, keypoints = dataset.keypoint_reader, None
    if reader is not None:
        keypoints = reader.read(dataset.get_data_info(index)['sample_id'], len(frames))
    return frames, find_regions(frames, keypoints, regions)
