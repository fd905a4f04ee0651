"""Checkpoints as plain tensors, numbers, strings and containers: read without executing anything."""

import os
import warnings
import zipfile
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from cslrkit.errors import CheckpointError
from cslrkit.structures.gloss_vocab import GlossVocab
from cslrkit.utils.tensor_files import read_tensor_file

# Files of a work directory that name a checkpoint in it.
LAST_RECORD = 'last_checkpoint'  # mmengine's name
BEST_RECORD = 'best_checkpoint'


def read_checkpoint(path: Union[str, Path], *, map_location: Any = 'cpu') -> Dict[str, Any]:
    """Read a checkpoint without executing anything in it.

    Args:
        path: A ``.pth`` or ``.safetensors`` file that cslrkit wrote.
        map_location: As for ``torch.load``.

    Raises:
        CheckpointError: If the file is missing, damaged, not a checkpoint, or asks to import code.
    """
    content = read_tensor_file(path, map_location=map_location)
    if not isinstance(content, dict) or 'state_dict' not in content:
        found = (
            ', '.join(str(key) for key in list(content)[:5]) if isinstance(content, dict) else type(content).__name__
        )
        raise CheckpointError(
            f"checkpoint: '{path}' has no 'state_dict' (found: {found}), so it is none of cslrkit. "
            "Another project's weights are converted with tools/convert_checkpoint.py."
        )
    return content


def find_checkpoint(path: Union[str, Path], *, record: str = BEST_RECORD) -> Path:
    """Return ``path``, or if it is a work directory the checkpoint that its ``record`` names.

    If that is not there or was cut off, the newest whole one of its kind is returned, with a warning.

    Raises:
        CheckpointError: If a directory has no such record, or no whole checkpoint.
    """
    path = Path(path)
    if not path.is_dir():
        return path
    if not (path / record).is_file():
        raise CheckpointError(
            f"checkpoint: the folder '{path}' has no file '{record}', which training writes after its first "
            'validation. Name a .pth file.'
        )
    name = Path((path / record).read_text(encoding='utf-8', errors='replace').strip()).name
    if name and _is_whole(path / name):
        return path / name
    whole = [file for file in path.glob('*.pth') if file.name.startswith('best_') == (record == BEST_RECORD)]
    whole = sorted((file for file in whole if _is_whole(file)), key=lambda file: file.stat().st_mtime)
    if not whole:
        raise CheckpointError(
            f"checkpoint: '{path / record}' names '{name}', which is not there or was cut off, and the folder has no "
            'other. Name a .pth file.'
        )
    warnings.warn(
        f"'{path / record}' names '{name}', which is not there or was cut off: taking the newest, '{whole[-1].name}'",
        stacklevel=2,
    )
    return whole[-1]


def _is_whole(path: Path) -> bool:
    """Whether a file is there and, if it is a torch archive, has the directory that stands at its end."""
    if not path.is_file():
        return False
    with path.open('rb') as file:
        start = file.read(2)
    return zipfile.is_zipfile(path) if start == b'PK' else bool(start)


def check_vocab(path: Union[str, Path], meta: Mapping[str, Any], vocab: Optional[GlossVocab]) -> None:
    """Check that a checkpoint was trained on the vocabulary of the model.

    Raises:
        CheckpointError: Naming both vocabularies and how they differ.
    """
    glosses: Optional[Sequence[str]] = meta.get('vocab')
    if glosses is None or vocab is None:
        return
    trained = GlossVocab.from_list(glosses)
    difference = trained.difference(vocab)
    if difference:
        raise CheckpointError(
            f"checkpoint: '{path}' was trained on {trained}, but the config's corpus has {vocab} ({difference}). "
            'Use the config of that corpus, or point ann_dir at the gloss_dict.npy it was trained with.'
        )


def plain_message_hub(state: Mapping[str, Any]) -> Dict[str, Any]:
    """Turn mmengine's message-hub state into tensors and plain values, without the config, which stands in ``meta``."""
    scalars = {}
    for name, buffer in state['log_scalars'].items():
        values, counts = buffer.data
        scalars[name] = dict(
            values=torch.as_tensor(np.asarray(values, dtype=np.float64)),
            counts=torch.as_tensor(np.asarray(counts, dtype=np.int64)),
            max_length=buffer.max_length,
        )
    return dict(
        log_scalars=scalars,
        runtime_info={name: _plain(value) for name, value in state['runtime_info'].items() if name != 'cfg'},
        resumed_keys=dict(state['resumed_keys']),
    )


def rebuild_message_hub(plain: Mapping[str, Any]) -> Dict[str, Any]:
    """Undo ``plain_message_hub``."""
    scalars = {
        name: HistoryBuffer(entry['values'].cpu().numpy(), entry['counts'].cpu().numpy(), entry['max_length'])
        for name, entry in plain['log_scalars'].items()
    }
    keys = {
        name: value for name, value in plain['resumed_keys'].items() if name in scalars or name in plain['runtime_info']
    }
    return dict(log_scalars=scalars, runtime_info=dict(plain['runtime_info']), resumed_keys=keys)


def drop_functions(state: Any) -> Any:
    """Leave functions out of a scheduler's state (OneCycleLR keeps one); it has its own when resumed."""
    if isinstance(state, dict):
        return {key: drop_functions(value) for key, value in state.items() if not callable(value)}
    if isinstance(state, list):
        return [drop_functions(value) for value in state]
    return state


def replace_file(temporary: Union[str, Path], target: Union[str, Path]) -> None:
    """Put a completely written file in the place of ``target`` in one step."""
    with open(temporary, 'rb') as file:
        os.fsync(file.fileno())
    os.replace(temporary, target)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.as_tensor(value)
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(item) for item in value)
    if value is None or isinstance(value, (bool, int, float, str, torch.Tensor)):
        return value
    return str(value)
