"""Features in the pickles of signjoey, TwoStreamNetwork (SLRT) and MSKA."""

from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple, Union

import numpy as np

from cslrkit.datasets.features.stored import StoredFeatures, as_rows
from cslrkit.errors import DataError
from cslrkit.registry import FEATURE_READERS
from cslrkit.utils.plain_tensors import read_pickle


@FEATURE_READERS.register_module()
class PickledFeatures(StoredFeatures):
    """All features of a split in a pickle, gzipped or not. Nothing in it is executed.

    These are read: a list of dicts with ``name`` and the features under ``key`` (signjoey's
    ``phoenix14t.pami0.train``, SLRT's ``head_rgb_input/train.pkl``); a dict of name to such a dict (MSKA); a dict of
    name to features; and a dict whose ``key`` is one of these (SLRT's online ``train_features.pkl``). Features are
    torch tensors or numpy arrays (T, C); further axes, such as points and coordinates, are flattened.

    Source: ``signjoey/dataset.py`` of neccam/slt, whose loader adds 1e-8 to all values; ``extract_feature.py`` of
    FangyunWei/SLRT; ``datasets.py`` of sutwangyan/MSKA. A sample's name there is its id, or a path with it as a part.

    Args:
        files: Path below the corpus's folder, or absolute, with ``{split}`` for the split; several are put side by
            side on the feature axis.
        key: Where the features are: ``'sign'``, ``'keypoint'``, or ``'rgb'`` of SLRT's online files.
        stride: Frames per row: 1 of signjoey's, 4 of SLRT's ``head_rgb_input``.
        where: See :class:`FeatureReader`.
        data_root: See :class:`FeatureReader`.
        split: See :class:`FeatureReader`.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If a file cannot be read, asks to import code, or its samples differ from another one's.
    """

    def __init__(
        self,
        files: Union[str, Sequence[str]],
        *,
        key: str = 'sign',
        stride: int = 1,
        where: str,
        data_root: str,
        split: str,
    ) -> None:
        super().__init__(stride=stride, where=where, data_root=data_root, split=split)
        self.key = key
        self.files = [self.find(path) for path in ([files] if isinstance(files, str) else files)]
        self._rows: Dict[str, np.ndarray] = {}

    def ids(self, wanted: Sequence[str]) -> Sequence[str]:
        """Read the files, and keep what they have of the samples that are wanted."""
        known = set(wanted)
        tables = [self._by_id(read_pickle(path, where=f'{self.where}: features'), known, path) for path in self.files]
        for name, parts in {name: [table.get(name) for table in tables] for name in tables[0]}.items():
            lengths = [None if part is None else len(part) for part in parts]
            if len(set(lengths)) > 1:
                paths = ', '.join(f"'{path}': {length or 'none'}" for path, length in zip(self.files, lengths))
                raise DataError(
                    f"{self.where}: features: '{name}' has other numbers of rows in each file ({paths}); files that "
                    'are put side by side must be of the same samples and stride.'
                )
            self._rows[name] = parts[0] if len(parts) == 1 else np.concatenate(parts, 1)
        return [*self._rows]

    def shape(self, sample_id: str) -> Tuple[int, int]:
        """Return rows and columns of a sample's features."""
        return self._rows[sample_id].shape

    def values(self, sample_id: str) -> np.ndarray:
        """Return a sample's features."""
        return self._rows[sample_id]

    def _by_id(self, content: Any, known: set, path: Path) -> Dict[str, np.ndarray]:
        """Return the features by the ids of samples; a name that has none of them stays as it is."""
        found = {}
        for name, features in _named(content, self.key, where=f"{self.where}: features: '{path}'"):
            sample_id = next((part for part in (name, *name.split('/')) if part in known), name)
            found[sample_id] = as_rows(features, where=f"{self.where}: features: '{path}': '{name}'")
        return found


def _named(content: Any, key: str, *, where: str) -> List[Tuple[str, Any]]:
    """Return names and features in the order of the file."""
    if isinstance(content, Mapping) and isinstance(content.get(key), (Mapping, list)):
        content = content[key]
    if isinstance(content, Mapping):
        records = [(name, record) for name, record in content.items()]
    elif isinstance(content, list) and all(isinstance(record, Mapping) for record in content):
        records = [(record.get('name'), record) for record in content]
    else:
        raise DataError(f'{where}: got a {type(content).__name__}, expected a list or dict of samples.')
    found = []
    for name, record in records:
        if not isinstance(name, str):
            raise DataError(f"{where}: a sample's name is {name!r}, expected a string.")
        if isinstance(record, Mapping) and key not in record:
            raise DataError(f"{where}: '{name}' has no '{key}'; it has: {', '.join(map(str, record))}. Set key.")
        found.append((name, record[key] if isinstance(record, Mapping) else record))
    return found
