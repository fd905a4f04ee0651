"""Reading files of tensors (torch, safetensors, pickle) without executing anything in them."""

import contextlib
import json
import pickle
import re
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any, ContextManager, Dict, List, Mapping, Tuple, Union

import numpy as np
import torch

from cslrkit.errors import CheckpointError
from cslrkit.utils.files import write_beside
from cslrkit.utils.plain_arrays import RefusedError, check_growth, load_plain_arrays

SAFETENSORS_SUFFIX = '.safetensors'
SUFFIXES = ('.pth', SAFETENSORS_SUFFIX)
# Entry of a safetensors file's metadata that holds everything but tensors, as JSON.
_META = 'cslrkit crc32'
_META_UNCHECKED = 'cslrkit'  # its name in files of 0.1.0
_CHECKSUM = 'crc32'  # key of it there
_MOST_REPEATED = 16  # times the size of a file that its tensors come to, where they share what they hold
_ZIP = b'PK\x03\x04'
# Files of torch before 1.6 begin with its magic number, pickled.
_LEGACY_TORCH = pickle.dumps(torch.serialization.MAGIC_NUMBER, protocol=2)
_TORCH_REFUSAL = re.compile(r'GLOBAL (\S+) (?:was not an allowed global|whose module)')


def read_tensor_file(path: Union[str, Path], *, map_location: Any = 'cpu') -> Any:
    """Return the content of a file of tensors; its first bytes say of which kind it is.

    Torch files are read with ``weights_only``, which here admits numpy arrays too, because authors
    store states of random generators beside their weights. Other pickles are read with an unpickler
    that admits containers, strings, numbers and numpy arrays.

    Args:
        path: A local file: torch (``.pth .pt .pyth``), ``.safetensors`` or pickle (``.pkl``).
        map_location: Where tensors go, as for ``torch.load``.

    Returns:
        What the file holds. A safetensors file gives ``dict(state_dict=..., meta=...)``.

    Raises:
        CheckpointError: If the file is missing or damaged, or if it asks to import code; what it asks
            for is named, and nothing was executed.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"checkpoint: '{path}' does not exist.{_neighbours(path)}")
    try:
        with path.open('rb') as file:
            start = file.read(max(len(_LEGACY_TORCH), 9))
        if start.startswith(_ZIP) or start.startswith(_LEGACY_TORCH):
            if start.startswith(_ZIP):
                _check_zip(path)
            with _admit_numpy(), warnings.catch_warnings():
                warnings.simplefilter('ignore')  # torch's own deprecations, e.g. of typed storages
                content = torch.load(path, map_location=map_location, weights_only=True)
            _check_views(content, path.stat().st_size)
            return content
        if start[8:9] == b'{':  # eight bytes of length, then JSON
            return _read_safetensors(path, map_location)
        return load_plain_arrays(path.read_bytes(), encoding='latin1')
    except CheckpointError:
        raise
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"checkpoint: '{path}' {_reason(error)}") from error
    # A damaged or foreign file raises nearly anything: RuntimeError, EOFError, KeyError, ...
    except Exception as error:
        raise CheckpointError(
            f"checkpoint: '{path}' cannot be read ({type(error).__name__}: {_first_line(error)}). Is it complete?"
        ) from error


def write_tensor_file(path: Union[str, Path], tensors: Mapping[str, torch.Tensor], meta: Mapping[str, Any]) -> None:
    """Write tensors and plain values in one step, as :func:`read_tensor_file` reads them.

    Equal content gives equal bytes.

    Args:
        path: ``.pth`` or ``.safetensors``; its folder must exist.
        tensors: Names and tensors.
        meta: What goes with them: strings, numbers and containers of them.

    Raises:
        CheckpointError: For another ending, or if the package ``safetensors`` is needed and absent.
        OutputError: If it cannot be written.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise CheckpointError(
            f"checkpoint: got the name '{path.name}', expected one ending in {' or '.join(SUFFIXES)}."
        )
    # Each tensor by itself: no wider memory that it is a view of, no gradient, no device.
    tensors = {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}
    if path.suffix == SAFETENSORS_SUFFIX:
        tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
        text = json.dumps(meta, ensure_ascii=False)
        # One entry: the format does not keep an order of several.
        metadata = {_META: json.dumps({**json.loads(text), _CHECKSUM: _checksum(tensors, text)}, ensure_ascii=False)}

        def save(temporary: Path) -> None:
            temporary.touch()
            mode = temporary.stat().st_mode
            _safetensors().torch.save_file(tensors, str(temporary), metadata=metadata)
            temporary.chmod(mode)  # safetensors lets nobody else read its files
    else:

        def save(temporary: Path) -> None:
            with temporary.open('wb') as file:  # given a path, torch writes its name into the file
                torch.save(dict(state_dict=tensors, meta=dict(meta)), file)

    write_beside(path, save)


def _check_zip(path: Path) -> None:
    """Check the checksums of a torch file, and that reading it makes no more than it holds.

    Raises:
        ValueError: If one is wrong, or it is compressed or overlaps itself, as torch never writes.
        UnpicklingError: If its pickle would grow without end.
    """
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if any(part.compress_type for part in parts) or sum(part.file_size for part in parts) > path.stat().st_size:
            raise ValueError('it holds more than its size, as torch never writes it')
        broken = archive.testzip()
        if broken is not None:
            raise ValueError(f'the checksum of {broken} is wrong: it is damaged')
        for part in parts:
            if part.filename.endswith('/data.pkl'):
                pickled = archive.read(part)
                if b'\nbytearray\n' in pickled:  # torch would call it with any number
                    raise pickle.UnpicklingError('it makes a bytearray')
                check_growth(pickled)


def _check_views(content: Any, size: int) -> None:
    """Check that tensors, which may repeat what the file holds, do not come to far more than that."""
    total, waiting = 0, [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, torch.Tensor):
            total += value.numel() * value.element_size()
        elif isinstance(value, (dict, list, tuple)):
            waiting += value.values() if isinstance(value, dict) else value
    if total > _MOST_REPEATED * size + (1 << 20):
        raise ValueError(f'its tensors come to {total} bytes in a file of {size}')


def _checksum(tensors: Mapping[str, torch.Tensor], text: str) -> int:
    """CRC-32 of all tensors by name, and of the text that goes with them; the format has none of its own."""
    value = zlib.crc32(text.encode('utf-8'))
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        value = zlib.crc32(f'{name} {tuple(tensor.shape)} {tensor.dtype}'.encode(), value)
        value = zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy(), value)
    return value


def _read_safetensors(path: Path, map_location: Any) -> Dict[str, Any]:
    with _safetensors().safe_open(str(path), framework='pt', device=str(map_location)) as file:
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        metadata = file.metadata() or {}
    meta = json.loads(metadata.get(_META) or metadata.get(_META_UNCHECKED) or '{}')
    expected = meta.pop(_CHECKSUM, None)
    # Both names announce a checksum, for a damaged name of the one must not hide it.
    if _META in metadata or any(f'"{_CHECKSUM}": ' in text for text in metadata.values()):
        on_cpu = {name: tensor.cpu() for name, tensor in state.items()}
        if _checksum(on_cpu, json.dumps(meta, ensure_ascii=False)) != expected:
            raise ValueError('its checksum is wrong: it is damaged')
    return dict(state_dict=state, meta=meta)


def _safetensors() -> Any:
    try:
        import safetensors
        import safetensors.torch
    except ImportError as error:
        raise CheckpointError(
            "safetensors: the package is not installed. Run `pip install 'cslrkit[safetensors]'`."
        ) from error
    return safetensors


def _admit_numpy() -> ContextManager:
    if torch.__version__ < (2, 6):  # it cannot name a global by another path
        return contextlib.nullcontext()
    return torch.serialization.safe_globals(_numpy_globals())


def _numpy_globals() -> List[Any]:
    multiarray = np._core.multiarray if hasattr(np, '_core') else np.core.multiarray
    admitted: List[Tuple[Any, str]] = [(np.ndarray, 'numpy.ndarray'), (np.dtype, 'numpy.dtype')]
    for core in ('numpy.core', 'numpy._core'):
        for name in ('_reconstruct', 'scalar'):
            admitted.append((getattr(multiarray, name), f'{core}.multiarray.{name}'))
    # A dtype object has a class of its own, whose state torch sets only if it is listed.
    kinds = {type(np.dtype(code)) for code in (*np.typecodes['All'], 'O')}
    return [*admitted, *kinds]


def _reason(error: Exception) -> str:
    match = _TORCH_REFUSAL.search(str(error))
    if isinstance(error, RefusedError):
        return f'is refused: {error}. Nothing was executed.'
    if match is None:
        return f'cannot be read (UnpicklingError: {_first_line(error)}). Is it complete?'
    is_old = match[1].startswith('numpy') and torch.__version__ < (2, 6)
    advice = ' (numpy arrays beside weights need torch 2.6 or newer)' if is_old else ''
    return f"is refused: it wants to import '{match[1]}', which plain data never needs{advice}. Nothing was executed."


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [''])[0]


def _neighbours(path: Path) -> str:
    kinds = ('*.pth', '*.pt', '*.pyth', '*.pkl', f'*{SAFETENSORS_SUFFIX}')
    near = sorted(p.name for kind in kinds for p in path.parent.glob(kind)) if path.parent.is_dir() else []
    return f' The folder has: {", ".join(near)}.' if near else ''
