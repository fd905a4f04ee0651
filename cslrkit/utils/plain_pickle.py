"""Unpickling that admits plain data only: nothing in a file is ever executed."""

import io
import pickle
from typing import Any, BinaryIO

_CONTAINERS = {('collections', 'OrderedDict')} | {
    (module, name)
    for module in ('builtins', '__builtin__')  # the second is Python 2's name, which protocol 2 keeps
    for name in ('bytearray', 'complex', 'frozenset', 'set')
}
# What pickled numpy objects name, by the module paths of numpy 1 and numpy 2.
_NUMPY = {('numpy', 'ndarray'), ('numpy', 'dtype')} | {
    (f'{core}.multiarray', name) for core in ('numpy.core', 'numpy._core') for name in ('_reconstruct', 'scalar')
}
REFUSAL_START = 'it wants '


class PlainUnpickler(pickle.Unpickler):
    """Admits containers, strings, numbers and numpy arrays, by old and new numpy's module paths.

    Args:
        file: Binary file at the start of the pickle.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding='latin1')  # how strings that Python 2 wrote are read

    def find_class(self, module: str, name: str) -> Any:
        """Return what the pickle names.

        Raises:
            pickle.UnpicklingError: Naming what plain data never needs.
        """
        if (module, name) == ('_codecs', 'encode'):
            return encode_latin1
        if (module, name) in _CONTAINERS or (module, name) in _NUMPY:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(refusal(f'{module}.{name}'))


def refusal(name: str) -> str:
    """Say that a file wants to import ``name``, e.g. ``'os.system'``."""
    return f"{REFUSAL_START}to import '{name}', which plain data never needs"


def load_plain(data: bytes) -> Any:
    """Unpickle ``data``.

    Raises:
        pickle.UnpicklingError: If it asks for anything but plain data; other exceptions if it is
            damaged.
    """
    return PlainUnpickler(io.BytesIO(data)).load()


def encode_latin1(text: str, encoding: str) -> bytes:
    """Stand for ``_codecs.encode``."""
    # Protocol 2 writes bytes as text in this encoding; other codecs import modules or inflate.
    if encoding != 'latin1':
        raise pickle.UnpicklingError(f"{REFUSAL_START}the codec {encoding!r}, expected 'latin1'")
    return text.encode('latin1')
