"""What readers of other projects' features share: rows of a stated stride, checked against the annotation."""

from abc import abstractmethod
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

import numpy as np

from cslrkit.datasets.features.base import FeatureReader, FeatureRows, check_ids, check_shapes
from cslrkit.errors import ConfigError, DataError
from cslrkit.utils.checks import positive

AXES = ('TD', 'DT')


class StoredFeatures(FeatureReader):
    """A row for every ``stride`` frames of each sample.

    Args:
        stride: Frames per row.
        where: See :class:`FeatureReader`.
        data_root: See :class:`FeatureReader`.
        split: See :class:`FeatureReader`.

    Raises:
        ConfigError: For a stride that is no positive integer.
    """

    def __init__(self, *, stride: int, where: str, data_root: str, split: str) -> None:
        super().__init__(where=where, data_root=data_root, split=split)
        self.stride = positive('stride', stride)
        self._num_frames: Dict[str, int] = {}

    @abstractmethod
    def ids(self, wanted: Sequence[str]) -> Sequence[str]:
        """Return the ids of the samples that have features."""

    @abstractmethod
    def shape(self, sample_id: str) -> Tuple[int, int]:
        """Return rows and columns of a sample's features."""

    @abstractmethod
    def values(self, sample_id: str) -> np.ndarray:
        """Return a sample's features, float (T, C)."""

    def padding(self, sample_id: str, rows: int) -> Tuple[int, int]:
        """Return how many of a sample's rows before and after it are padding."""
        return 0, 0

    def check(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Check that every sample has features, of one width, and as many rows as fit its annotated frames."""
        wanted = [entry['sample_id'] for entry in entries]
        self._num_frames = {entry['sample_id']: entry['num_frames'] for entry in entries}
        check_ids(self.ids(wanted), entries, where=f'{self.where}: features')
        shapes = {}
        for name in wanted:
            rows, columns = self.shape(name)
            shapes[name] = rows - sum(self.padding(name, rows)), columns
        check_shapes(shapes, entries, stride=self.stride, where=f'{self.where}: features')

    def read(self, sample_id: str, copy: int = 0) -> FeatureRows:
        """Return the features of a sample."""
        values = self.values(sample_id)
        padding = self.padding(sample_id, len(values))
        count = len(values) - sum(padding)
        return FeatureRows(values, np.arange(count) * self.stride, padding)

    def num_frames(self, sample_id: str) -> int:
        """Return the annotated number of frames of a sample."""
        return self._num_frames[sample_id]


def as_rows(array: Any, *, axes: str = 'TD', where: str) -> np.ndarray:
    """Return an array of numbers as rows (T, C); what comes behind the first two axes is flattened.

    Args:
        array: The array as it was stored.
        axes: ``'TD'``, time first, or ``'DT'``.
        where: How messages begin.

    Raises:
        DataError: If it is no array of numbers of two axes or more.
    """
    found = np.asarray(array) if isinstance(array, (np.ndarray, np.generic)) else None
    if found is None or found.dtype.kind not in 'fiu' or found.ndim < 2 or not found.size:
        got = f'{found.shape} of {found.dtype}' if found is not None else type(array).__name__
        raise DataError(f'{where}: got {got}, expected an array of numbers (T, C), or (C, T) with axes="DT".')
    rows = np.ascontiguousarray(found.T if axes == 'DT' else found)
    return rows.reshape(len(rows), -1)


def checked_axes(axes: Optional[str]) -> str:
    """Return ``axes``.

    Raises:
        ConfigError: If it is neither ``'TD'`` nor ``'DT'``.
    """
    if axes not in AXES:
        raise ConfigError(f"got {axes!r}, expected 'TD' (a row for each step in time) or 'DT'.", path='axes')
    return axes
