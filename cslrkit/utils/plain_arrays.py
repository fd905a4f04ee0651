"""Read pickled numpy objects without handing numpy anything that damage may have changed.

Numpy's own classes trust what they read: one wrong byte in the description of an array can end the
process. Here, ``find_class`` gives the unpickler stand-ins that collect what the file says, and arrays
are made of it once it has been checked.
"""

import io
import math
import pickle
import pickletools
import re
from collections import OrderedDict
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

import numpy as np

_NUMBERS = re.compile(r'[biufc?]\d{0,2}|[SU]\d{1,6}')
_UNNEEDED = ('NEXT_BUFFER', 'READONLY_BUFFER', 'EXT1', 'EXT2', 'EXT4', 'INST', 'OBJ', 'NEWOBJ_EX')
_PUTS = ('PUT', 'BINPUT', 'LONG_BINPUT')
_GETS = ('GET', 'BINGET', 'LONG_BINGET')


class RefusedError(pickle.UnpicklingError):
    """A pickle asks for what plain data never needs."""


class StandIn:
    """What the unpickler makes in the place of an object, until it is known to be plain data."""

    def resolve(self) -> Any:
        """Return the object; any error if what the file says of it cannot be."""
        raise NotImplementedError


Names = Mapping[Tuple[str, str], Any]  # module and name -> what a pickle gets that asks to import it


def load_plain_arrays(data: bytes, *, encoding: str = 'ASCII', names: Optional[Names] = None) -> Any:
    """Unpickle containers, strings, numbers and numpy arrays, as old and new numpy write them.

    Args:
        data: The pickle.
        encoding: Of strings that Python 2 wrote. Those beyond ASCII could be of any, so they are refused
            by default, not guessed; arrays that Python 2 wrote need ``'latin1'``.
        names: What else it may ask for: stand-ins and functions of the caller.

    Raises:
        RefusedError: If ``data`` asks for anything else.
        Exception: Nearly any, if it is damaged.
    """
    for instruction, argument, _ in pickletools.genops(data):  # reads every length by itself
        if instruction.name in _UNNEEDED:
            raise pickle.UnpicklingError(f'it has the instruction {instruction.name}, which plain data never needs')
        if instruction.name in _PUTS and argument > len(data):  # the unpickler would make room for so many
            raise pickle.UnpicklingError(f'it numbers an object {argument} in {len(data)} bytes')
    check_growth(data)
    left = [_most_values(data)]
    unpickler = _ArrayUnpickler(io.BytesIO(data), encoding=encoding)
    unpickler.names = {**_NAMES, **(names or {})}
    return _resolve(unpickler.load(), left)


def check_growth(data: bytes) -> None:
    """Check that no tuple of a pickle holds more values, through what it repeats, than the pickle can spell out.

    Python hashes a tuple by all that is in it, so a key of nested pairs takes twice as long with each level.

    Raises:
        UnpicklingError: If one does, or the pickle is damaged.
    """
    sizes: List[Optional[int]] = []  # how many values each object on the stack holds; None is a mark
    memo: Dict[int, int] = {}
    most = _most_values(data)
    for instruction, argument, _ in pickletools.genops(data):
        name, before, size = instruction.name, instruction.stack_before, 1
        try:
            if name in _PUTS or name == 'MEMOIZE':
                memo[len(memo) if name == 'MEMOIZE' else argument] = sizes[-1]
                continue
            if name in _GETS or name == 'DUP':
                sizes.append(sizes[-1] if name == 'DUP' else memo[argument])
                continue
            if pickletools.markobject in before:
                while sizes[-1] is not None:
                    size += sizes.pop()
                before = before[: before.index(pickletools.markobject) + 1]
            for _ in before:
                size += sizes.pop() or 0
        except (IndexError, KeyError) as error:
            raise pickle.UnpicklingError(f'its instruction {name} has nothing to work on') from error
        if size > most:
            raise pickle.UnpicklingError(f'it repeats itself to more than {most} values in {len(data)} bytes')
        if instruction.stack_after:
            sizes.append(None if name == 'MARK' else size)


def _most_values(data: bytes) -> int:
    return 1000 + 10 * len(data)


class _Dtype(StandIn):
    """Stands for ``numpy.dtype``."""

    def __init__(self, code: str, align: Any = False, copy: Any = False) -> None:
        self.code, self.order = code, '='

    def __setstate__(self, state: Tuple) -> None:
        self.order = state[1]

    def resolve(self) -> np.dtype:
        if self.code in ('O', 'O8'):
            return np.dtype(object)
        if self.order not in ('<', '>', '|', '=') or not _NUMBERS.fullmatch(self.code):
            raise ValueError(f'an array of the type {self.order!r}, {self.code!r}')
        return np.dtype(self.code if self.order == '|' else self.order + self.code)


class _Array(StandIn):
    """Stands for ``numpy.ndarray``."""

    def __init__(self, *_: Any) -> None:
        self.state: Tuple = ()

    def __setstate__(self, state: Tuple) -> None:
        self.state = state

    def resolve(self, left: List[int]) -> np.ndarray:
        _, shape, dtype, fortran, content = self.state
        own = dtype.resolve()
        if not all(isinstance(side, int) and side >= 0 for side in shape):
            raise ValueError(f'an array of the shape {shape!r}')
        if own.hasobject:
            if len(content) != math.prod(shape):
                raise ValueError(f'an array of the shape {shape!r} with {len(content)} elements')
            flat = np.empty(len(content), dtype=object)
            for index, value in enumerate(content):
                flat[index] = _resolve(value, left)
        else:
            flat = np.frombuffer(_as_bytes(content), dtype=own).copy()
            if own.kind == 'U':
                flat.tolist()  # fails for characters that there are not
        return flat.reshape(shape, order='F' if fortran else 'C')


def _make_scalar(dtype: _Dtype, content: bytes) -> Any:
    own = dtype.resolve()
    if own.hasobject:
        raise ValueError('a scalar that holds an object')
    (value,) = np.frombuffer(_as_bytes(content), dtype=own)
    return value


def _from_buffer(content: bytes, dtype: _Dtype, shape: Tuple, order: str) -> _Array:
    array = _Array()  # as protocol 5 writes it
    array.__setstate__((1, shape, dtype, order == 'F', content))
    return array


def _as_bytes(content: Any) -> bytes:
    # The bytes of an array are a string to Python 2.
    return content.encode('latin1') if isinstance(content, str) else content


def _empty_bytes() -> bytes:
    return b''  # how protocol 2 writes them; given a number, the original makes room for so many


def _encode_latin1(text: str, encoding: str) -> bytes:
    # Protocol 2 writes bytes as text in this encoding; other codecs import modules or inflate.
    if encoding != 'latin1':
        raise RefusedError(f"it wants the codec {encoding!r}, expected 'latin1'")
    return text.encode('latin1')


class Call:
    """A function that a file may call, and do nothing else with."""

    def __init__(self, function: Callable) -> None:
        self.function = function

    def __call__(self, *arguments: Any) -> Any:
        """Call it."""
        return self.function(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError('it sets the state of a function')


_NAMES = {
    ('numpy', 'ndarray'): _Array,
    ('numpy', 'dtype'): _Dtype,
    ('_codecs', 'encode'): Call(_encode_latin1),
    ('collections', 'OrderedDict'): OrderedDict,
}
for _core in ('numpy.core', 'numpy._core'):
    _NAMES[f'{_core}.multiarray', '_reconstruct'] = _Array
    _NAMES[f'{_core}.multiarray', 'scalar'] = Call(_make_scalar)
    _NAMES[f'{_core}.numeric', '_frombuffer'] = Call(_from_buffer)
for _module in ('builtins', '__builtin__'):  # the second is Python 2's name, which protocol 2 keeps
    _NAMES[_module, 'bytes'] = Call(_empty_bytes)
    _NAMES.update({(_module, kind.__name__): kind for kind in (set, frozenset, complex)})


class _ArrayUnpickler(pickle.Unpickler):
    names: Names = _NAMES

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.names:
            raise RefusedError(f"it wants to import '{module}.{name}', which plain data never needs")
        return self.names[module, name]


def _resolve(value: Any, left: List[int]) -> Any:
    """Put numpy's arrays where their stand-ins are; ``left`` counts how many values may still come."""
    kind = type(value)
    left[0] -= 1
    if left[0] < 0:
        raise pickle.UnpicklingError('it repeats itself without end')
    if kind in (str, int, float, bool, bytes, bytearray, type(None)):
        return value
    if kind in (dict, OrderedDict):
        return kind((_resolve(key, left), _resolve(own, left)) for key, own in value.items())
    if kind in (list, tuple, set, frozenset):
        return kind(_resolve(own, left) for own in value)
    if kind is _Array:
        return value.resolve(left)
    if isinstance(value, StandIn):
        return value.resolve()
    if kind is complex or isinstance(value, np.generic):
        return value
    raise pickle.UnpicklingError(f'it holds a {getattr(value, "__name__", kind.__name__)}')
