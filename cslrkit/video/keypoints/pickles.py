"""Keypoints in pickles, as published code keeps them; nothing in them is executed."""

from pathlib import Path
from typing import Any, Mapping, Optional

import numpy as np

from cslrkit.errors import DataError
from cslrkit.registry import KEYPOINT_READERS
from cslrkit.utils.messages import listed
from cslrkit.utils.plain_tensors import read_pickle
from cslrkit.video.keypoints.keypoints import Keypoints, one_person
from cslrkit.video.keypoints.reader import KeypointFiles, KeypointReader, NamedEntries

_FIELDS = ('keypoints', 'keypoint')


@KEYPOINT_READERS.register_module()
class KeypointPickle(KeypointReader):
    """A pickle with the keypoints of all samples of a split, compressed by gzip or not.

    It holds a dict of name to ``{'keypoints': (T, K, 3)}`` (FangyunWei/SLRT ``*-keypoints.pkl``, what CESMM begins
    with) or ``{'keypoint': (T, K, 3)}`` (sutwangyan/MSKA, xhonghu/CESMM ``Phoenix-2014.train``), or a list of such
    dicts with a ``name``; arrays of numpy or tensors of torch, x and y in pixels. The whole file is kept in memory:
    write it with :func:`~cslrkit.video.keypoints.write_keypoints` once to read frame by frame.

    Args: see :class:`KeypointReader`.

    Raises:
        DataError: If it is damaged or asks to import code, or holds something else.
    """

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(path, **options)
        content = read_pickle(self.path, where=f'{self.where}: keypoints')
        if isinstance(content, (list, tuple)) and all(isinstance(entry, dict) for entry in content):
            content = {entry.get('name'): entry for entry in content}
        if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
            raise DataError(f"{self.where}: keypoints: '{self.path}' holds no dict of names, but {_kind(content)}.")
        self._clips = {name: _keypoints_in(entry) for name, entry in content.items()}
        if content and all(values is None for values in self._clips.values()):
            name, entry = next(iter(content.items()))
            raise DataError(
                f"{self.where}: keypoints: '{self.path}': its entry '{name}' has {_kind(entry)}, expected a dict with "
                f'{" or ".join(_FIELDS)}.'
            )
        self._entries = NamedEntries(name for name, values in self._clips.items() if values is not None)

    def find(self, sample_id: str) -> Optional[str]:
        """Return the name of a sample's entry."""
        return self._entries.find(sample_id, where=self.where)

    def describe(self) -> str:
        """Some of the entries."""
        return f'There are {len(self._clips)} entries: {listed(list(self._clips), 3)}.'

    def load(self, place: Any, *, where: str) -> Keypoints:
        """Return the keypoints of an entry."""
        return self.made(self._clips[place], where=where)


@KEYPOINT_READERS.register_module()
class UniSignPickles(KeypointFiles):
    """A pickle for each clip, as ZechengLi19/Uni-Sign and CSL-News have them.

    It holds ``{'keypoints': frames of (people, K, 2), 'scores': frames of (people, K)}``, x and y divided by width and
    height. Of several people in a frame the one whose scores have the greatest sum is taken.

    Args: see :class:`KeypointReader`.
    """

    suffixes = ('.pkl',)

    def load(self, place: Path, *, where: str) -> Keypoints:
        """Read a clip."""
        content = read_pickle(place, where=where)
        if not isinstance(content, dict) or not {'keypoints', 'scores'} <= set(content):
            raise DataError(f"{where}: '{place}' holds {_kind(content)}, expected a dict with keypoints and scores.")
        points, scores = content['keypoints'], content['scores']
        if len(points) != len(scores):
            raise DataError(f"{where}: '{place}' has {len(points)} frames of keypoints, but {len(scores)} of scores.")
        try:
            frames = [_person(people, score, self.layout.num_points) for people, score in zip(points, scores)]
            values = np.stack(frames).astype(np.float32) if frames else np.zeros((0, self.layout.num_points, 3))
        except (ValueError, TypeError) as error:
            raise DataError(f"{where}: '{place}' has frames of differing or wrong shapes ({error}).") from error
        if self.image_size is not None:
            values[..., :2] *= self.image_size
        return self.made(values, where=where)


def _keypoints_in(entry: Any) -> Optional[np.ndarray]:
    found = [entry[field] for field in _FIELDS if isinstance(entry, Mapping) and field in entry]
    array = found[0] if found else None
    # Half of the memory where an extractor wrote 64-bit numbers.
    return array.astype(np.float32) if isinstance(array, np.ndarray) and array.dtype.kind == 'f' else array


def _person(people: Any, scores: Any, num_points: int) -> np.ndarray:
    people, scores = np.asarray(people, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if people.size == 0:
        return one_person((), num_points)
    return one_person(np.concatenate([people, scores[..., None]], -1), num_points)


def _kind(value: Any) -> str:
    return f'a dict of {listed(list(value), 4)}' if isinstance(value, dict) else f'a {type(value).__name__}'
