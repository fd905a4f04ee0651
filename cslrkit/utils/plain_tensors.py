"""Read pickled torch tensors beside numpy arrays, without executing anything in a file."""

import gzip
import io
import math
import pickle
import warnings
from pathlib import Path
from typing import Any, Sequence

import numpy as np
import torch

from cslrkit.errors import DataError
from cslrkit.utils.plain_arrays import Call, RefusedError, StandIn, load_plain_arrays

_GZIP = b'\x1f\x8b'


def read_pickle(path: Path, *, where: str) -> Any:
    """Return containers, strings, numbers, arrays and tensors (as arrays) of a pickle, compressed by gzip or not.

    Args:
        path: The file.
        where: How messages begin.

    Raises:
        DataError: If it is damaged or asks for anything else; nothing in it was executed.
    """
    try:
        content = path.read_bytes()
        return load_plain_tensors(gzip.decompress(content) if content.startswith(_GZIP) else content)
    except RefusedError as error:
        raise DataError(f"{where}: '{path}' is refused: {error}. Nothing in it was executed.") from error
    # A damaged pickle raises nearly anything.
    except Exception as error:
        raise DataError(
            f"{where}: '{path}' cannot be read ({type(error).__name__}: {error}). Is it complete?"
        ) from error


def load_plain_tensors(data: bytes) -> Any:
    """Unpickle what :func:`~cslrkit.utils.plain_arrays.load_plain_arrays` does and torch tensors, as numpy arrays.

    Raises:
        RefusedError: If ``data`` asks for anything else.
        Exception: Nearly any, if it is damaged.
    """
    return load_plain_arrays(data, encoding='latin1', names=_NAMES)


class _Tensor(StandIn):
    """Stands for a torch tensor."""

    def __init__(self, storage: Any, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> None:
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError('it sets the state of a tensor')

    def resolve(self) -> np.ndarray:
        if not isinstance(self.storage, torch.storage.TypedStorage):
            raise pickle.UnpicklingError('it holds a tensor without numbers')
        flat = torch.empty(0, dtype=self.storage.dtype).set_(self.storage._untyped_storage)
        if not 0 <= math.prod(self.size) <= len(flat):
            raise ValueError(f'a tensor of the shape {self.size!r} with {len(flat)} numbers')
        tensor = torch.as_strided(flat, tuple(self.size), tuple(self.stride), self.offset)
        return (tensor.float() if tensor.is_floating_point() else tensor).numpy().copy()


def _load_storage(content: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # torch's own deprecations, of typed storages
        return torch.load(io.BytesIO(content), map_location='cpu', weights_only=True)


_NAMES = {
    ('torch._utils', '_rebuild_tensor_v2'): _Tensor,
    ('torch.storage', '_load_from_bytes'): Call(_load_storage),
}
