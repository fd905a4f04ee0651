import os
import pickle

import numpy as np
import pytest

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.utils.npy import load_object, save_object


def test_round_trip(tmp_path):
    content = {0: {'fileid': 'vid0', 'num_frames': 3, 'scale': 0.5}, 'prefix': 'x', 'array': np.arange(3)}
    save_object(tmp_path / 'a.npy', content)
    loaded = load_object(tmp_path / 'a.npy')
    assert loaded[0] == content[0]
    np.testing.assert_array_equal(loaded['array'], [0, 1, 2])


@pytest.mark.parametrize('core', ['numpy.core', 'numpy._core'])
def test_numpy_scalars_of_old_and_new_numpy(tmp_path, core):
    array = np.empty((), dtype=object)
    array[()] = {'n': np.int64(3)}
    stream = pickle.dumps(array, protocol=2)  # this protocol stores names without their lengths
    for name in (b'numpy._core.multiarray', b'numpy.core.multiarray'):
        stream = stream.replace(name, f'{core}.multiarray'.encode())
    with (tmp_path / 'a.npy').open('wb') as file:
        np.lib.format.write_array_header_1_0(file, dict(descr='|O', fortran_order=False, shape=()))
        file.write(stream)
    assert load_object(tmp_path / 'a.npy') == {'n': 3}


def test_code_in_a_file_is_refused_and_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / 'ran'),)

    save_object(tmp_path / 'evil.npy', Evil())
    with pytest.raises(DataError, match=r"evil.npy.*wants to import '\w+.mkdir'"):
        load_object(tmp_path / 'evil.npy')
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('content', [b'', b'nothing', pickle.dumps({'a': 1})])
def test_damaged_file(tmp_path, content):
    (tmp_path / 'bad.npy').write_bytes(content)
    with pytest.raises(DataError, match='cannot be read'):
        load_object(tmp_path / 'bad.npy')


def test_truncated_file(tmp_path):
    save_object(tmp_path / 'a.npy', {'a': list(range(100))})
    data = (tmp_path / 'a.npy').read_bytes()
    (tmp_path / 'a.npy').write_bytes(data[:-20])
    with pytest.raises(DataError, match='cannot be read'):
        load_object(tmp_path / 'a.npy')


def test_plain_array_and_missing_file(tmp_path):
    np.save(tmp_path / 'a.npy', np.zeros(3))
    with pytest.raises(DataError, match='holds an array of float64'):
        load_object(tmp_path / 'a.npy')
    with pytest.raises(DataNotFoundError, match='does not exist'):
        load_object(tmp_path / 'b.npy')


@pytest.mark.parametrize('core', ['numpy.core', 'numpy._core'])
@pytest.mark.parametrize('dtype', ['<i8', '>f4', '?', '<U3', 'S2', 'O'])
def test_arrays_and_scalars_inside(tmp_path, core, dtype):
    array = np.array([['1', '0'], ['0', '1']]).astype(int).astype(dtype)
    stream = pickle.dumps([array, array.T, array.copy('F'), array[0, 0]], protocol=2)
    for name in (b'numpy._core.multiarray', b'numpy.core.multiarray'):
        stream = stream.replace(name, f'{core}.multiarray'.encode())
    with (tmp_path / 'a.npy').open('wb') as file:
        np.lib.format.write_array_header_1_0(file, dict(descr='|O', fortran_order=False, shape=()))
        file.write(stream)
    first, transposed, fortran, scalar = load_object(tmp_path / 'a.npy')
    for loaded, original in ((first, array), (transposed, array.T), (fortran, array)):
        np.testing.assert_array_equal(loaded, original)
        assert loaded.dtype == array.dtype
    assert scalar == array[0, 0]


def test_damage_that_ends_a_process_or_takes_all_memory(tmp_path):
    save_object(tmp_path / 'a.npy', {'a': [1, 2]})
    whole = (tmp_path / 'a.npy').read_bytes()
    (tmp_path / 'a.npy').write_bytes(whole.replace(b'O8', b'm8'))  # crashes numpy's own reading
    with pytest.raises(DataError, match=r"cannot be read: an array of the type '.', 'm8'"):
        load_object(tmp_path / 'a.npy')
    huge = pickle.LONG_BINPUT + b'\xff\xff\xff\x7f'  # the C unpickler makes room for 2**31 entries
    (tmp_path / 'a.npy').write_bytes(whole[:128] + whole[128:-1] + huge + b'.')
    with pytest.raises(DataError, match='cannot be read: it numbers an object 2147483647 in'):
        load_object(tmp_path / 'a.npy')
    (tmp_path / 'a.npy').write_bytes(whole[:128] + pickle.dumps(np.dtype, protocol=2))
    with pytest.raises(DataError, match='cannot be read: it holds a'):
        load_object(tmp_path / 'a.npy')
