"""Keypoints as OpenPose writes them: a JSON file for each frame."""

from pathlib import Path
from typing import Any, List

import numpy as np

from cslrkit.errors import DataError
from cslrkit.registry import KEYPOINT_READERS
from cslrkit.utils.plain_json import parse_json
from cslrkit.video.image_folders import check_order, list_files
from cslrkit.video.keypoints.keypoints import Keypoints, one_person
from cslrkit.video.keypoints.reader import KeypointFiles

_PARTS = dict(pose=25, face=70, hand_left=21, hand_right=21)


@KEYPOINT_READERS.register_module()
class OpenPoseFolders(KeypointFiles):
    """A folder for each clip, in it a ``.json`` file for each frame, read in the order of their names.

    A part that a file lacks counts as not found. Of several people in a frame the one whose scores have the greatest
    sum is taken; a frame without people has no point.

    Args:
        path: As for :class:`KeypointReader`.
        options: As there, but for the layout.
    """

    suffixes = ('',)

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(path, **{'layout': 'openpose137', **options})

    def load(self, place: Path, *, where: str) -> Keypoints:
        """Read a clip."""
        names = list_files(str(place), '*.json')
        if not names:
            raise DataError(f"{where}: '{place}' has no .json file.")
        check_order(names, where=f"{where}: '{place}'")
        return self.made(np.stack([self._frame(place / name, where) for name in names]), where=where)

    def _frame(self, path: Path, where: str) -> np.ndarray:
        try:
            people = parse_json(path.read_text(encoding='utf-8'))['people']
            return one_person([_person(person) for person in people], self.layout.num_points)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{where}: '{path}' is no frame of OpenPose ({error!r}).") from error


def _person(person: Any) -> np.ndarray:
    parts: List[np.ndarray] = []
    for name, count in _PARTS.items():
        numbers = np.asarray(person.get(f'{name}_keypoints_2d') or np.zeros(3 * count), dtype=np.float64)
        if numbers.shape != (3 * count,):
            raise ValueError(f'{name} has {numbers.size} numbers, expected {3 * count}')
        parts.append(numbers.reshape(count, 3))
    return np.concatenate(parts)
