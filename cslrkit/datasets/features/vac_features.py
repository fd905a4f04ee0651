"""Features that VAC_CSLR writes."""

import math
from pathlib import Path
from typing import Any, Mapping, Sequence, Tuple

import numpy as np

from cslrkit.datasets.features.base import check_ids
from cslrkit.datasets.features.stored import StoredFeatures, as_rows
from cslrkit.errors import DataError
from cslrkit.registry import FEATURE_READERS
from cslrkit.utils.checks import positive
from cslrkit.utils.messages import plural
from cslrkit.utils.npy import load_object
from cslrkit.utils.plain_tensors import load_plain_tensors


@FEATURE_READERS.register_module()
class VACFeatures(StoredFeatures):
    """``features/{split}/{id}_features.npy``: a pickled dict with ``features`` (T', C), padded already.

    Rows before and after the clip were computed from padding; a neck of the same padding gets them as they are, and any
    other gets the clip without them. Nothing in a file is executed.

    Source: ``seq_scripts.py`` and ``dataset/dataloader_video.py`` of VIPL-SLP/VAC_CSLR: ``left_pad`` repeated frames,
    then the clip, then as many as reach a multiple of ``total_stride`` and ``left_pad`` more.

    Args:
        path: Folder of the files below the corpus's folder, or absolute, with ``{split}`` for the split.
        left_pad: Rows of padding before the clip.
        total_stride: Product of the strides of VAC's poolings.
        where: See :class:`FeatureReader`.
        data_root: See :class:`FeatureReader`.
        split: See :class:`FeatureReader`.

    Raises:
        DataNotFoundError: If there is no such folder.
        DataError: When a sample is read, if its file is refused or its rows do not fit its annotated frames.
    """

    def __init__(
        self,
        path: str = 'features/{split}',
        *,
        left_pad: int = 6,
        total_stride: int = 4,
        where: str,
        data_root: str,
        split: str,
    ) -> None:
        super().__init__(stride=1, where=where, data_root=data_root, split=split)
        self.folder = self.find(path)
        self.left_pad = left_pad
        self.total_stride = positive('total_stride', total_stride)

    def ids(self, wanted: Sequence[str]) -> Sequence[str]:
        """Return the ids in the names of the files."""
        end = '_features.npy'
        return [path.name[: -len(end)] for path in sorted(self.folder.glob(f'*{end}'))]

    def check(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Check that every sample has a file, and read the first one; the others are checked when they are read."""
        self._num_frames = {entry['sample_id']: entry['num_frames'] for entry in entries}
        check_ids(self.ids(()), entries, where=f"{self.where}: features in '{self.folder}'")
        self.read(entries[0]['sample_id'])

    def shape(self, sample_id: str) -> Tuple[int, int]:
        """Return rows and columns of a sample's features."""
        return self.values(sample_id).shape

    def values(self, sample_id: str) -> np.ndarray:
        """Return a sample's features, with their padding."""
        path = self._path(sample_id)
        content = load_object(path, load=load_plain_tensors)
        if not isinstance(content, Mapping) or 'features' not in content:
            raise DataError(f"{self.where}: features: '{path}' has no 'features', expected a dict that VAC_CSLR wrote.")
        return as_rows(content['features'], where=f"{self.where}: features: '{path}'")

    def padding(self, sample_id: str, rows: int) -> Tuple[int, int]:
        """Return the rows of padding, from the annotated number of frames."""
        count = self.num_frames(sample_id)
        expected = math.ceil(count / self.total_stride) * self.total_stride + 2 * self.left_pad
        if rows != expected:
            raise DataError(
                f"{self.where}: features: '{self._path(sample_id)}' has {plural(rows, 'row')}, expected {expected}: "
                f'{self.left_pad} before and after the {count} annotated frames, which are filled up to a multiple of '
                f'{self.total_stride}. Set left_pad and total_stride, or read it by ArrayFeatures.'
            )
        return self.left_pad, rows - self.left_pad - count

    def _path(self, sample_id: str) -> Path:
        return self.folder / f'{sample_id}_features.npy'
