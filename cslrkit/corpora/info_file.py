"""Read and check the entries of ``{split}_info.npy``."""

import os
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.structures import GlossVocab
from cslrkit.utils.npy import load_object

TEXT_FIELDS = ('fileid', 'folder', 'signer', 'label', 'original_info')
NAMED_GLOSSES = 30  # how many unknown glosses a message names


def find_info_file(ann_dir: Path, split: str, *, data_root: str, needs_vocab: bool, where: str) -> Tuple[Path, Path]:
    """Return the information file of a split and the vocabulary file, after checking that they exist.

    Args:
        ann_dir: Folder of both.
        split: Name before ``_info.npy``.
        data_root: Folder of the corpus.
        needs_vocab: Whether the vocabulary file must be there, too.
        where: How messages begin.

    Raises:
        DataNotFoundError: Naming what was looked for and what there is.
    """
    info_file, vocab_file = ann_dir / f'{split}_info.npy', ann_dir / 'gloss_dict.npy'
    if ann_dir.is_dir():
        splits = sorted(path.name[: -len('_info.npy')] for path in ann_dir.glob('*_info.npy'))
        needed = [info_file, vocab_file] if needs_vocab else [info_file]
        missing = ' and '.join(f"'{path}'" for path in needed if not path.is_file())
        note = f' Splits that are there: {", ".join(splits)}.' if splits else ' No *_info.npy is there.'
        note += ' Prepare the corpus (docs/data_format.md).'
        if splits and split != 'train':
            note += (
                ' Without such a split, train with --cfg-options val_dataloader=None val_cfg=None val_evaluator=None.'
            )
    else:
        relative = not ann_dir.is_absolute() or Path(data_root) in ann_dir.parents
        lost_root = relative and not os.path.isdir(data_root)
        missing = f"the data root '{data_root}'" if lost_root else f"the folder of annotations '{ann_dir}'"
        note = ''
    if missing:
        raise DataNotFoundError(
            f'{where}: {missing} was not found, looked for from {os.getcwd()!r}.{note} Set data_root in the '
            'config (the configs take its root from the environment variable CSLRKIT_DATA), or ann_dir, which '
            'is relative to data_root unless absolute.'
        )
    return info_file, vocab_file


def read_entries(path: Path, *, where: str, drop_last_entry: bool = False) -> List[Dict[str, Any]]:
    """Return the checked entries of an information file, in order of their index.

    Args:
        path: A ``{split}_info.npy``: a dict ``index -> entry``; the PHOENIX corpora also have the
            string key ``prefix``, which nothing depends on.
        where: How messages begin, e.g. ``'phoenix2014 dev'``.
        drop_last_entry: Keep ``len(dict) - 1`` entries, as the published feeder did: the last one
            is lost where there is no ``prefix`` key.

    Returns:
        Dicts with ``sample_id``, ``folder``, ``signer``, ``original_info`` (str), ``num_frames``
        (int), ``frame_rate`` (float, None where the entry has none) and ``glosses`` (tuple of the
        raw tokens, empty ones dropped).

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If the file, an entry or its index is malformed, or an id repeats.
    """
    content = load_object(path)
    if not isinstance(content, dict):
        raise DataError(f"{where}: '{path}' holds a {type(content).__name__}, expected a dict of entries.")
    indices = [key for key in content if isinstance(key, (int, np.integer))]
    strange = [key for key in content if not isinstance(key, (int, np.integer)) and key != 'prefix']
    if strange or sorted(indices) != list(range(len(indices))):
        got = f'the key {strange[0]!r}' if strange else f'{len(indices)} entries that are not numbered 0, 1, ...'
        raise DataError(f"{where}: '{path}': got {got}, expected entries 0..n-1 and at most the extra key 'prefix'.")
    if not indices:
        raise DataError(f"{where}: '{path}' has no entries. Prepare the corpus again.")
    entries = [_checked(content[index], f"{where}: '{path}': entry {index}") for index in range(len(indices))]
    _check_unique(entries, f"{where}: '{path}'")
    return entries[: len(content) - 1] if drop_last_entry else entries


def encode_entries(
    entries: Sequence[Dict[str, Any]], vocab: GlossVocab
) -> Tuple[List[List[int]], 'Counter[str]', List[str]]:
    """Return the gloss ids of every entry, how often each unknown gloss occurs, and the ids of their samples."""
    encoded, unknown, affected = [], Counter(), []
    for entry in entries:
        gloss_ids, missing = vocab.encode(entry['glosses'])
        encoded.append(gloss_ids)
        unknown.update(missing)
        if missing:
            affected.append(entry['sample_id'])
    return encoded, unknown, affected


def describe_unknown(unknown: 'Counter[str]', affected: Sequence[str], total: int) -> str:
    """Count and name glosses that the vocabulary lacks, the most frequent first."""
    ranked = sorted(unknown.items(), key=lambda item: (-item[1], item[0]))
    named = ', '.join(f'{gloss!r} ({count})' for gloss, count in ranked[:NAMED_GLOSSES])
    rest = f' and {len(ranked) - NAMED_GLOSSES} more' if len(ranked) > NAMED_GLOSSES else ''
    return (
        f'glosses outside the vocabulary: {len(ranked)} ({sum(unknown.values())} occurrences in '
        f'{len(affected)} of {total} sentences): {named}{rest}'
    )


def _checked(entry: Any, where: str) -> Dict[str, Any]:
    if not isinstance(entry, dict):
        raise DataError(f'{where}: got a {type(entry).__name__}, expected a dict with {", ".join(TEXT_FIELDS)}.')
    for name in (*TEXT_FIELDS, 'num_frames'):
        if name not in entry:
            raise DataError(f"{where} has no '{name}'; it has: {', '.join(map(str, entry))}.")
    for name in TEXT_FIELDS:
        if not isinstance(entry[name], str):
            raise DataError(f"{where}: '{name}': got {entry[name]!r}, expected a string.")
    for name in ('fileid', 'folder'):
        if not entry[name]:
            raise DataError(f"{where}: '{name}' is empty, expected a name.")
    return dict(
        sample_id=entry['fileid'],
        folder=entry['folder'],
        signer=entry['signer'],
        original_info=entry['original_info'],
        # Only spaces separate glosses, as published; PHOENIX labels hold double ones.
        glosses=tuple(token for token in entry['label'].split(' ') if token),
        num_frames=_frame_count(entry['num_frames'], where),
        frame_rate=_frame_rate(entry.get('frame_rate'), where),
    )


def _frame_count(value: Any, where: str) -> int:
    """CSL-Daily writes its frame counts as strings."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= 0:
        return int(value)
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    raise DataError(f"{where}: 'num_frames': got {value!r}, expected a number of frames.")


def _frame_rate(value: Any, where: str) -> Optional[float]:
    """Corpora of one's own may say it for each sentence."""
    if value is None:
        return None
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and 0 < value < float('inf'):
        return float(value)
    raise DataError(f"{where}: 'frame_rate': got {value!r}, expected frames per second.")


def _check_unique(entries: Sequence[Dict[str, Any]], where: str) -> None:
    first: Dict[str, int] = {}
    for index, entry in enumerate(entries):
        sample_id = entry['sample_id']
        if sample_id in first:
            raise DataError(
                f"{where}: entries {first[sample_id]} and {index} have one fileid '{sample_id}'; ids must be unique."
            )
        first[sample_id] = index
