"""Where hands, face and body are in the frames of a drawn corpus, from its own drawing."""

import posixpath
from pathlib import Path
from typing import Any, Tuple, Union

import numpy as np

from cslrkit.corpora.base import find_corpus
from cslrkit.corpora.synthsign.drawing import drawn_frames
from cslrkit.corpora.synthsign.figure import Canvas
from cslrkit.corpora.synthsign.make import plan_corpus
from cslrkit.corpora.synthsign.record import RECORD_NAME, read_record
from cslrkit.corpora.synthsign.spec import CorpusSpec
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.video.clip import ArrayClip
from cslrkit.video.clip_reader import ClipReader

REGIONS = ('left_hand', 'right_hand', 'face', 'body')  # hands of the signer; the face is the head with its hair


class DrawnRegions:
    """Masks of the regions of each frame of a drawn corpus.

    Args:
        root: A corpus that ``make_corpus`` drew.

    Raises:
        DataNotFoundError: If it is none.
    """

    def __init__(self, root: Union[str, Path]) -> None:
        record = read_record(Path(root))
        if record is None:
            raise DataNotFoundError(
                f"regions: '{root}' holds no synthetic corpus (no readable {RECORD_NAME}), from whose drawing hands, "
                'face and body are known.'
            )
        self.corpus, self.seed = find_corpus(record['corpus']), record['seed']
        self.spec = _spec(record['spec'])
        tasks = plan_corpus(Path(root), self.corpus, self.spec, self.seed)[-1]
        self._tasks = {self.corpus.clip_folder(task.clip): task for task in tasks}

    def masks(self, folder: str) -> np.ndarray:
        """Return how much of each pixel each of ``REGIONS`` covers.

        Args:
            folder: Of the clip's frames, relative to the folder of all frames.

        Returns:
            uint8 (T, H, W, 4), 255 for all of a pixel.

        Raises:
            DataError: If there is no such clip.
        """
        if folder not in self._tasks:
            raise DataError(f"regions: '{folder}' is no clip of the drawn corpus.")
        drawn = drawn_frames(self._tasks[folder], self.corpus, self.spec, seed=self.seed, kind=_RegionCanvas)
        return np.stack([canvas.frame() for canvas in drawn])


class RegionClips(ClipReader):
    """Masks in the place of frames, so that a pipeline cuts and resizes them as it does the frames.

    Args:
        regions: Of the corpus.
        channels: Which three of ``REGIONS`` are the channels of an image.
        **place: See :class:`ClipReader`.
    """

    def __init__(self, regions: DrawnRegions, channels: Tuple[int, int, int], **place: str) -> None:
        super().__init__(**place)
        self.regions, self.channels = regions, list(channels)

    def clip(self, folder_pattern: str, *, where: str) -> ArrayClip:
        """Return the masks of a clip."""
        masks = self.regions.masks(posixpath.dirname(folder_pattern))
        return ArrayClip(np.ascontiguousarray(masks[..., self.channels]), name=where)

    def check(self) -> None:
        """Nothing on disk is read."""


class _RegionCanvas(Canvas):
    """Draws each part in a channel of its own."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.image = np.zeros((*self.image.shape[:2], len(REGIONS)), dtype=np.uint8)
        self._color = (0,) * len(REGIONS)

    def part(self, name: str) -> None:
        self._color = tuple(255 * (region == name) for region in REGIONS)

    def line(self, points: Any, color: Any, width: float) -> None:
        super().line(points, self._color, width)

    def polygon(self, points: Any, color: Any) -> None:
        super().polygon(points, self._color)


def _spec(values: Any) -> CorpusSpec:
    """Return a spec as JSON has it."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    lengths = {int(length): weight for length, weight in values['sentence_lengths'].items()}
    return CorpusSpec(**{**values, 'sentence_lengths': lengths})
