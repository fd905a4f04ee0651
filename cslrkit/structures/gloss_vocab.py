"""The gloss vocabulary: strings to class ids and back."""

from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple, Union

import numpy as np

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.utils.messages import listed, plural
from cslrkit.utils.npy import load_object


class GlossVocab:
    """A fixed set of glosses with class ids 1..n; id 0 is the CTC blank.

    Source: ``gloss_dict.npy`` of kaistmm/SlowFastSign 37d1b6c, a dict ``gloss -> [id, count]``.

    Args:
        gloss_dict: Gloss to id, or gloss to ``[id, count]``. Ids are 1..n, each once.

    Raises:
        DataError: If ids repeat, leave a gap or are not integers.
    """

    blank_id = 0

    def __init__(self, gloss_dict: Mapping[str, Union[int, Sequence[int]]]) -> None:
        self._ids: Dict[str, int] = {}
        for gloss, value in gloss_dict.items():
            gloss_id = value[0] if isinstance(value, (list, tuple, np.ndarray)) and len(value) else value
            if not isinstance(gloss, str) or isinstance(gloss_id, bool) or not isinstance(gloss_id, (int, np.integer)):
                raise DataError(f'gloss vocabulary: got {gloss!r}: {value!r}, expected gloss: id or [id, count].')
            self._ids[gloss] = int(gloss_id)
        if sorted(self._ids.values()) != list(range(1, len(self._ids) + 1)):
            raise DataError(
                f'gloss vocabulary: got {len(self._ids)} glosses with ids {listed(sorted(self._ids.values()), 4)}, '
                f'expected each of 1..{len(self._ids)} once (0 is the CTC blank).'
            )
        self._glosses = {gloss_id: gloss for gloss, gloss_id in self._ids.items()}

    @classmethod
    def from_file(cls, path: Union[str, Path]) -> 'GlossVocab':
        """Read a ``gloss_dict.npy``.

        Raises:
            DataNotFoundError: If there is no such file.
            DataError: If it is not a gloss dictionary.
        """
        path = Path(path)
        if not path.is_file():
            raise DataNotFoundError(
                f"gloss vocabulary: '{path}' does not exist. Prepare the corpus (see docs/data_format.md) "
                'or point ann_dir at the folder that holds gloss_dict.npy.'
            )
        content = load_object(path)
        if not isinstance(content, dict):
            raise DataError(f"gloss vocabulary: '{path}' holds a {type(content).__name__}, expected a dict.")
        return cls(content)

    @classmethod
    def from_list(cls, glosses: Iterable[str]) -> 'GlossVocab':
        """Give the ids 1, 2, ... to ``glosses`` in order."""
        return cls({gloss: index for index, gloss in enumerate(glosses, start=1)})

    @classmethod
    def of(cls, vocab: 'AnyVocab') -> 'GlossVocab':
        """Return the vocabulary that a config gives.

        Args:
            vocab: A vocabulary, the path of a ``gloss_dict.npy``, a list of glosses, or a dict of gloss to id or to
                ``[id, count]``.

        Raises:
            DataNotFoundError: If there is no such file.
            DataError: If it holds no vocabulary.
        """
        if isinstance(vocab, GlossVocab):
            return vocab
        if isinstance(vocab, Mapping):
            return cls(vocab)
        if isinstance(vocab, (list, tuple)):
            return cls.from_list(vocab)
        return cls.from_file(vocab)

    @property
    def num_classes(self) -> int:
        """Number of classes V: the glosses and the blank."""
        return len(self._ids) + 1

    @property
    def glosses(self) -> List[str]:
        """Gloss strings in the order of their ids, from id 1."""
        return [self._glosses[gloss_id] for gloss_id in range(1, self.num_classes)]

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, gloss: str) -> bool:
        return gloss in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GlossVocab) and self._ids == other._ids

    def __hash__(self) -> int:
        return hash(tuple(self.glosses))

    def __repr__(self) -> str:
        return f'GlossVocab({plural(len(self), "gloss")}: {listed(self.glosses, 4)})'

    def encode(self, glosses: Iterable[str]) -> Tuple[List[int], List[str]]:
        """Return the ids of the known glosses, in order, and the glosses that are unknown."""
        ids, unknown = [], []
        for gloss in glosses:
            if gloss in self._ids:
                ids.append(self._ids[gloss])
            else:
                unknown.append(gloss)
        return ids, unknown

    def decode(self, gloss_ids: Iterable[int]) -> List[str]:
        """Return the gloss strings of ``gloss_ids``; KeyError for the blank or an unknown id."""
        return [self._glosses[int(gloss_id)] for gloss_id in gloss_ids]

    def difference(self, other: 'GlossVocab') -> str:
        """Describe in a sentence how ``other`` differs from this vocabulary; empty if it does not."""
        if self == other:
            return ''
        missing = [gloss for gloss in self.glosses if gloss not in other]
        extra = [gloss for gloss in other.glosses if gloss not in self]
        if not missing and not extra:
            return 'the same glosses with other ids'
        sides = (('first', missing), ('second', extra))
        parts = [f'{len(only)} only in the {side} ({listed(only, 4)})' for side, only in sides if only]
        return f'{len(self)} against {len(other)} glosses; ' + ', '.join(parts)


AnyVocab = Union[GlossVocab, str, Path, Sequence[str], Mapping[str, Any]]
