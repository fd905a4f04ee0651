"""What every reader of features offers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Mapping, Sequence, Tuple

import numpy as np

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.utils.messages import listed, plural

_NAMED = 5  # samples that a message names


@dataclass(frozen=True)
class FeatureRows:
    """The features of a clip.

    Args:
        values: A row for each step, float (T, C), with the rows of padding.
        frame_indices: For each row without padding, its first frame in the source video, int (T - padding,).
        padding: How many rows before and after the clip are padding.
    """

    values: np.ndarray
    frame_indices: np.ndarray
    padding: Tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        expected = len(self.values) - sum(self.padding)
        if min(self.padding) < 0 or expected < 1 or len(self.frame_indices) != expected:
            raise DataError(
                f'features: got {len(self.values)} rows, of which {self.padding[0]} and {self.padding[1]} are padding, '
                f'for {len(self.frame_indices)} frames; expected a frame for each row without padding.'
            )


@dataclass(frozen=True)
class FeatureClip:
    """The features of one sample, not read yet."""

    reader: 'FeatureReader'
    sample_id: str

    @property
    def num_copies(self) -> int:
        """Augmented copies that are stored beside the plain features."""
        return self.reader.num_copies

    def read(self, copy: int = 0) -> FeatureRows:
        """Return the plain features, or an augmented copy from 1 on.

        Raises:
            DataError: If they cannot be read, or hold a number that is not finite.
        """
        return self.reader.read(self.sample_id, copy)


class FeatureReader(ABC):
    """Finds the features of a corpus's samples; registered in FEATURE_READERS.

    A dataset builds it from its argument ``features``, e.g. ``dict(type='ExtractedFeatures', path='features/r18')``,
    whose other keys are arguments of the reader. A reader is copied to worker processes: it must be picklable.

    Args:
        where: How messages name the dataset, e.g. ``'phoenix2014 train'``.
        data_root: The corpus's folder, for relative paths.
        split: Name of the split.
    """

    num_copies = 0  # augmented copies beside the plain features
    stride = 1  # frames per row

    def __init__(self, *, where: str, data_root: str, split: str) -> None:
        self.where = where
        self.data_root = data_root
        self.split = split

    @abstractmethod
    def check(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Check, when the dataset is built, that the features of its entries are there and fit.

        Args:
            entries: Each with ``sample_id`` and ``num_frames``.

        Raises:
            DataError: Naming the samples that have none, or features that differ in width or do not fit their frames.
        """

    @abstractmethod
    def read(self, sample_id: str, copy: int = 0) -> FeatureRows:
        """Return the features of a sample; see :meth:`FeatureClip.read`."""

    def clip(self, sample_id: str) -> FeatureClip:
        """Return the features of a sample, not read yet."""
        return FeatureClip(self, sample_id)

    def find(self, path: str) -> Path:
        """Return a path, in which ``{split}`` stands for the name of the split, below ``data_root`` unless absolute.

        Raises:
            DataNotFoundError: If nothing is there.
        """
        found = Path(self.data_root, path.replace('{split}', self.split))
        if not found.exists():
            raise DataNotFoundError(f"{self.where}: features: '{found}' does not exist. Check the path of `features`.")
        return found


def check_ids(present: Sequence[str], entries: Sequence[Mapping[str, Any]], *, where: str) -> None:
    """Check that no sample lacks features.

    Raises:
        DataError: Naming those that do, and some ids that there are.
    """
    known = set(present)
    missing = [entry['sample_id'] for entry in entries if entry['sample_id'] not in known]
    if missing:
        raise DataError(
            f'{where}: {len(missing)} of {len(entries)} samples have no features: {listed(missing, _NAMED)}. There are '
            f'those of {plural(len(known), "sample")}: {listed(sorted(known)[:_NAMED], _NAMED) or "none"}.'
        )


def check_shapes(
    shapes: Mapping[str, Tuple[int, int]], entries: Sequence[Mapping[str, Any]], *, stride: int, where: str
) -> None:
    """Check that features have one width, and about a row for every ``stride`` annotated frames.

    Args:
        shapes: Rows without padding and columns of each sample.
        entries: Each with ``sample_id`` and ``num_frames``.
        stride: Frames per row.
        where: How messages begin.

    Raises:
        DataError: Naming the first sample that is wrong, and what would fit.
    """
    named = [(entry['sample_id'], entry['num_frames'], *shapes[entry['sample_id']]) for entry in entries]
    first, _, rows, columns = named[0]
    for sample_id, _, other_rows, other in named:
        if other != columns:
            turned = {shape[0] for shape in shapes.values()} == {rows}
            hint = ' All have as many rows: their axes are the other way round, axes=' if turned else ''
            raise DataError(
                f"{where}: the features of '{sample_id}' are {other_rows} x {other}, those of '{first}' {rows} x "
                f'{columns} (rows x columns), expected one number of columns.'
                + (f"{hint}'DT'." if turned else ' A row is a step in time: check axes.')
            )
    ratios = [frames / rows for _, frames, rows, _ in named if frames and rows]
    found = median(ratios) if ratios else stride
    if not 1 / 1.4 < found / stride < 1.4:
        raise DataError(
            f"{where}: '{first}' has {plural(rows, 'row')} for {named[0][1]} annotated frames; over the split a row "
            f'stands for '
            f'{found:.2g} frames, not for stride={stride}. Set stride={max(1, round(found))}, or check axes.'
        )
