"""Features that ``tools/extract_features.py`` wrote: plain arrays and a JSON index."""

from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence

import numpy as np

from cslrkit.datasets.features.base import FeatureReader, FeatureRows, check_ids
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.registry import FEATURE_READERS
from cslrkit.utils.plain_json import parse_json

FORMAT = 'cslrkit features 1'


@FEATURE_READERS.register_module()
class ExtractedFeatures(FeatureReader):
    """Features of a backbone of cslrkit, with the padding and the frames that they were computed with.

    Args:
        path: Folder that ``tools/extract_features.py`` wrote, relative to the corpus's folder unless absolute.
        where: See :class:`FeatureReader`.
        data_root: See :class:`FeatureReader`.
        split: See :class:`FeatureReader`.

    Raises:
        DataNotFoundError: If the split was not extracted.
        DataError: If the extraction was not finished, or its index cannot be read.
    """

    def __init__(self, path: str, *, where: str, data_root: str, split: str) -> None:
        super().__init__(where=where, data_root=data_root, split=split)
        self.folder = Path(data_root, path)
        self.index = read_index(self.folder, split, where=where)
        if not self.index['complete']:
            raise DataError(f"{where}: features: the extraction of '{split}' in '{self.folder}' is not finished.")
        self.num_copies = self.index['copies']
        self._places: Dict[str, int] = {name: place for place, name in enumerate(self.index['samples'])}

    def check(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Check that every sample was extracted."""
        check_ids(self.index['samples'], entries, where=f"{self.where}: '{self.folder}'")

    def read(self, sample_id: str, copy: int = 0) -> FeatureRows:
        """Return the features of a sample, or an augmented copy of them from 1 on."""
        path = rows_file(self.folder, self.split, self._places[sample_id], copy)
        try:
            return read_rows(path)
        except Exception as error:  # a damaged archive raises nearly anything
            raise DataError(f"{self.where}: sample '{sample_id}': '{path}' cannot be read: {error}") from error


def index_file(folder: Path, split: str) -> Path:
    """Return where the index of a split is."""
    return folder / f'{split}.json'


def rows_file(folder: Path, split: str, place: int, copy: int = 0) -> Path:
    """Return where the features of the sample at ``place`` of a split are, plain or an augmented copy."""
    return folder / split / f'{place:06d}{f".copy{copy}" if copy else ""}.npz'


def read_index(folder: Path, split: str, *, where: str, missing: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """Return the index of a split: ``samples`` (ids in order), ``copies``, ``complete``, ``streams`` and provenance.

    Args:
        folder: Folder of the features.
        split: Name of the split.
        where: How messages begin.
        missing: What is returned where there is none; None makes that an error.

    Raises:
        DataNotFoundError: If there is none.
        DataError: If it is none of these.
    """
    path = index_file(folder, split)
    if not path.is_file():
        if missing is not None:
            return missing
        there = ', '.join(sorted(found.stem for found in folder.glob('*.json'))) or 'none'
        raise DataNotFoundError(
            f"{where}: features: '{path}' does not exist. Extracted splits in '{folder}': {there}. Extract it with "
            'tools/extract_features.py.'
        )
    try:
        content = parse_json(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise DataError(f"{where}: features: '{path}' cannot be read: {error}.") from error
    if not isinstance(content, dict) or content.get('format') != FORMAT:
        raise DataError(f"{where}: features: '{path}' is no index of the format '{FORMAT}'.")
    samples, copies = content.get('samples'), content.get('copies')
    is_whole = isinstance(samples, list) and all(isinstance(name, str) for name in samples)
    if not is_whole or type(copies) is not int or copies < 0 or not isinstance(content.get('complete'), bool):
        raise DataError(f"{where}: features: '{path}' is damaged. Extract the features again.")
    return content


def read_rows(path: Path) -> FeatureRows:
    """Return what :func:`write_rows` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        before, after = arrays['padding'].tolist()
        return FeatureRows(arrays['values'], arrays['frame_indices'], (before, after))


def write_rows(path: Path, rows: FeatureRows) -> None:
    """Write features as plain arrays; the caller takes care that a file is never half-written."""
    with path.open('wb') as file:
        np.savez(file, values=rows.values, frame_indices=rows.frame_indices, padding=np.asarray(rows.padding))
