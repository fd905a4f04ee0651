"""cslrkit's own format of keypoints: a plain array and a JSON index for each split."""

import itertools
import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

import numpy as np

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.registry import KEYPOINT_READERS
from cslrkit.structures.keypoint_layout import LAYOUTS, KeypointLayout
from cslrkit.utils.files import write_atomically, write_beside
from cslrkit.utils.messages import listed, plural
from cslrkit.utils.plain_json import parse_json
from cslrkit.video.keypoints.keypoints import Keypoints
from cslrkit.video.keypoints.reader import KeypointReader

FORMAT = 'cslrkit keypoints 1'


@KEYPOINT_READERS.register_module()
class StoredKeypoints(KeypointReader):
    """Keypoints that :func:`write_keypoints` wrote: ``SPLIT.npy`` and ``SPLIT.json``, which says layout and size.

    Frames are read from the disk when they are needed; nothing in the files can be executed.

    Args:
        path: Folder of the files.
        layout: Name of the layout that they must have; None takes any.
        options: As for :class:`KeypointReader`; ``image_size`` plays no part.

    Raises:
        DataNotFoundError: If the split was not written.
        DataError: If a file is not what the index says.
    """

    def __init__(self, path: str = 'keypoints', *, layout: Optional[str] = None, **options: Any) -> None:
        super().__init__(path, **({} if layout is None else {'layout': layout}), **options)
        wanted = self.layout
        index = self.path / f'{self.split}.json'
        if not index.is_file():
            there = listed(sorted(found.stem for found in self.path.glob('*.json')), 5) or 'none'
            raise DataNotFoundError(f"{self.where}: keypoints: '{index}' does not exist. Splits there: {there}.")
        self.layout, self.frame_rate, samples = _read_index(index, where=self.where)
        if layout is not None and self.layout != wanted:
            raise DataError(
                f"{self.where}: keypoints: '{index}' has the layout '{self.layout.name}', but '{wanted.name}' is asked "
                'for, which the network was made for. Extract keypoints of that layout.'
            )
        ends = list(itertools.accumulate(frames for frames, _, _ in samples.values()))
        self._places = {
            name: (end - frames, end, (width, height))
            for (name, (frames, width, height)), end in zip(samples.items(), ends)
        }
        self._array = self.path / f'{self.split}.npy'
        array, shape = self._open(), (ends[-1] if ends else 0, self.layout.num_points, 3)
        if array.shape != shape or array.dtype != np.float32:
            raise DataError(
                f"{self.where}: keypoints: '{self._array}' is {array.dtype} {array.shape}, but its index says float32 "
                f'{shape}. Write both again.'
            )

    def find(self, sample_id: str) -> Optional[Tuple]:
        """Return first frame, frame after the last, and size."""
        return self._places.get(sample_id)

    @property
    def names(self) -> List[str]:
        """Ids of the samples, in order."""
        return list(self._places)

    def describe(self) -> str:
        """Some of the samples."""
        return f'There are those of {plural(len(self._places), "sample")}: {listed(self.names, 3)}.'

    def load(self, place: Any, *, where: str) -> Keypoints:
        """Read the frames of a sample."""
        first, end, size = place
        return self.made(self._open()[first:end], where=where, image_size=size, frame_rate=self.frame_rate)

    def _open(self) -> np.ndarray:
        try:
            return np.load(self._array, mmap_mode='r', allow_pickle=False)
        except Exception as error:  # a damaged header raises nearly anything
            raise DataError(f"{self.where}: keypoints: '{self._array}' cannot be read: {error}.") from error


def write_keypoints(
    folder: Union[str, Path],
    split: str,
    clips: Mapping[str, Keypoints],
    *,
    layout: KeypointLayout,
    frame_rate: Optional[float] = None,
) -> None:
    """Write the keypoints of a split, so that :class:`StoredKeypoints` reads them.

    Args:
        folder: Where to; it is made if need be.
        split: Name of the split.
        clips: Keypoints by the ids of samples, all of one layout.
        layout: That layout, a whole one.
        frame_rate: Frames per second of all of them, if known.

    Raises:
        DataError: For a selection of a layout.
        OutputError: If a file cannot be written.
    """
    folder = Path(folder)
    if LAYOUTS.get(layout.name) != layout or any(clip.layout != layout for clip in clips.values()):
        raise DataError(f"'{folder}': got a part of the layout '{layout.name}' or several, expected a whole one.")
    values = [clip.values for clip in clips.values()]
    array = np.concatenate(values) if values else np.zeros((0, layout.num_points, 3), np.float32)

    def save(temporary: Path) -> None:
        with temporary.open('wb') as file:
            np.save(file, array.astype(np.float32), allow_pickle=False)

    write_beside(folder / f'{split}.npy', save)
    samples = {name: [len(clip), *map(int, clip.image_size)] for name, clip in clips.items()}
    index = dict(format=FORMAT, layout=layout.name, frame_rate=frame_rate, samples=samples)
    write_atomically(folder / f'{split}.json', json.dumps(index, ensure_ascii=False) + '\n')


def _read_index(path: Path, *, where: str) -> Tuple[KeypointLayout, Optional[float], Dict[str, Tuple[int, int, int]]]:
    try:
        content = parse_json(path.read_text(encoding='utf-8'))
        if content['format'] != FORMAT:
            raise ValueError(f'its format is {content["format"]!r}, expected {FORMAT!r}')
        rate = content['frame_rate']
        samples = {name: tuple(numbers) for name, numbers in content['samples'].items()}
        if not all(len(own) == 3 and all(type(each) is int and each > 0 for each in own) for own in samples.values()):
            raise ValueError('a sample has no number of frames, width and height')
        return LAYOUTS[content['layout']], None if rate is None else float(rate), samples
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{where}: keypoints: '{path}' is no index of keypoints ({error!r}).") from error
