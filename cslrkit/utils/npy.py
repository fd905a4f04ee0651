"""Read and write the object ``.npy`` files of the corpora without executing anything in them."""

from pathlib import Path
from typing import Any, Callable, Union

import numpy as np
from numpy.lib import format as npy_format

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.utils.plain_arrays import load_plain_arrays


def load_object(path: Union[str, Path], *, load: Callable[[bytes], Any] = load_plain_arrays) -> Any:
    """Return the object in an ``.npy`` file that ``numpy.save(path, object)`` wrote.

    Args:
        path: The file.
        load: Reads a pickle without executing anything in it.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If the file is not such an ``.npy`` file or asks for anything but plain data.
    """
    path = Path(path)
    if not path.is_file():
        raise DataNotFoundError(f"'{path}' does not exist.")
    try:
        with path.open('rb') as file:
            version = npy_format.read_magic(file)
            read_header = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
            _, _, dtype = read_header(file)
            if not dtype.hasobject:
                raise DataError(f"'{path}' holds an array of {dtype}, expected a pickled dict.")
            array = load(file.read())
    except DataError:
        raise
    # A damaged pickle stream can raise nearly anything; all of it means an unreadable file.
    except Exception as error:
        raise DataError(f"'{path}' cannot be read: {error}. Prepare the corpus again.") from error
    return array.item() if isinstance(array, np.ndarray) and array.shape == () else array


def save_object(path: Union[str, Path], content: Any) -> None:
    """Write ``content`` as the corpora do: a zero-dimensional object array."""
    array = np.empty((), dtype=object)
    array[()] = content
    with Path(path).open('wb') as file:
        np.save(file, array, allow_pickle=True)
