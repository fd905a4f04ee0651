"""Features in plain arrays: ``.npy``, ``.npz`` and HDF5."""

import os
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, ContextManager, Iterator, Mapping, Optional, Sequence, Tuple

import numpy as np

from cslrkit.datasets.features.stored import StoredFeatures, as_rows, checked_axes
from cslrkit.errors import ConfigError, CSLRKitError, DataError
from cslrkit.registry import FEATURE_READERS

_HDF5 = ('.h5', '.hdf5')


@FEATURE_READERS.register_module()
class ArrayFeatures(StoredFeatures):
    """Arrays of numbers, one for each sample: a file for each, or all in one ``.npz`` or HDF5 file.

    Args:
        path: A file below the corpus's folder, or absolute, with ``{split}`` for the split and ``{id}`` for the sample,
            such as ``'i3d/{split}/{id}.npy'``. A ``.npz`` or ``.h5`` without ``{id}`` holds an array, or in HDF5 a
            group, by the name of each sample.
        axes: ``'TD'``: a row for each step in time; ``'DT'``: a column.
        stride: Frames per row.
        key: Name of the array in a sample's ``.npz`` file or HDF5 group.
        where: See :class:`FeatureReader`.
        data_root: See :class:`FeatureReader`.
        split: See :class:`FeatureReader`.

    Raises:
        DataNotFoundError: If there is no such file or folder.
        DataError: If an array cannot be read without executing something, or is not of numbers.
        ConfigError: For a wrong argument.
    """

    def __init__(
        self,
        path: str,
        *,
        axes: str = 'TD',
        stride: int = 1,
        key: Optional[str] = None,
        where: str,
        data_root: str,
        split: str,
    ) -> None:
        super().__init__(stride=stride, where=where, data_root=data_root, split=split)
        self.axes, self.key = checked_axes(axes), key
        self.by_sample = '{id}' in path
        suffix = Path(path).suffix
        if suffix not in ('.npy', '.npz', *_HDF5) or (suffix == '.npy' and not self.by_sample):
            raise ConfigError(
                f'got {path!r}, expected a .npy or .npz file with {{id}}, or a .npz or .h5 file of all.', path='path'
            )
        if self.by_sample:
            self.find(os.path.dirname(path.split('{id}')[0]) or '.')
            self.path = os.path.join(data_root, path.replace('{split}', split))
        else:
            self.path = str(self.find(path))

    def ids(self, wanted: Sequence[str]) -> Sequence[str]:
        """Return the names in the file of all, or which of the samples that are wanted have a file."""
        if self.by_sample:
            return [name for name in wanted if os.path.isfile(self._file(name))]
        with self._reading(self._file('')) as file:
            return list(file)

    def shape(self, sample_id: str) -> Tuple[int, int]:
        """Return rows and columns of a sample's features."""
        return self.values(sample_id).shape

    def values(self, sample_id: str) -> np.ndarray:
        """Return a sample's features."""
        path = self._file(sample_id)
        with self._reading(path, sample_id) as file:
            found = self._item(file, sample_id)
        return as_rows(found, axes=self.axes, where=self._where(path, sample_id))

    def _item(self, file: Any, sample_id: str) -> np.ndarray:
        item = file if self.by_sample else file[sample_id]
        if isinstance(item, Mapping):  # a group, or the file itself
            names = list(item)
            if self.key is None and len(names) != 1:
                raise KeyError(f'it has the arrays {", ".join(names)}: set key')
            item = item[names[0] if self.key is None else self.key]
        return item[()]

    def _file(self, sample_id: str) -> str:
        return self.path.replace('{id}', sample_id)

    def _where(self, path: str, *sample_id: str) -> str:
        return f'{self.where}: features: ' + ': '.join(f"'{name}'" for name in (path, *sample_id))

    @contextmanager
    def _reading(self, path: str, *sample_id: str) -> Iterator[Any]:
        """Open a file; whatever a damaged one raises is a DataError that names it, and the sample."""
        try:
            with _opened(path) as file:
                yield file
        except CSLRKitError:
            raise
        except Exception as error:  # a damaged archive raises nearly anything
            raise DataError(
                f'{self._where(path, *sample_id)} cannot be read: {error}. Nothing in it was executed.'
            ) from error


def _opened(path: str) -> ContextManager[Any]:
    if path.endswith('.npy'):
        return nullcontext(np.load(path, mmap_mode='r', allow_pickle=False))
    if not path.endswith(_HDF5):
        return np.load(path, allow_pickle=False)
    try:
        import h5py
    except ImportError as error:
        raise ConfigError("HDF5 needs the package h5py: pip install 'cslrkit[hdf5]'.", path='path') from error
    return h5py.File(path, 'r')
