import os
import pickle

import numpy as np
import pytest

from cslrkit.utils.plain_arrays import load_plain_arrays

PYTHON2_ARRAY = (
    b'\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02\x85cnumpy\ndtype\n'
    b'U\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x08%stb.'
)


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_protocol(protocol):
    arrays = dict(
        rows=np.arange(6, dtype='f4').reshape(2, 3),
        columns=np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        other_order=np.array([1, 2], dtype='>i2'),
        empty=np.zeros((0, 3)),
        number=np.array(3),
        scalar=np.float32(2.5),
    )
    loaded = load_plain_arrays(pickle.dumps(arrays, protocol=protocol), encoding='latin1')
    assert list(loaded) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(loaded[name], array)
        assert loaded[name].dtype == array.dtype


def test_an_array_that_python_2_wrote_needs_its_encoding():
    stream = PYTHON2_ARRAY.replace(b'%s', np.array([1.5, -2.25], dtype='<f4').tobytes())
    assert load_plain_arrays(stream, encoding='latin1').tolist() == [1.5, -2.25]
    with pytest.raises(UnicodeDecodeError):
        load_plain_arrays(stream)


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_is_refused_by_name(tmp_path, protocol):
    class Evil:
        def __reduce__(self):
            return os.system, (f'mkdir {tmp_path / "ran"}',)

    with pytest.raises(pickle.UnpicklingError, match=r"wants to import '\w+\.system'"):
        load_plain_arrays(pickle.dumps({'a': Evil()}, protocol=protocol))
    assert not (tmp_path / 'ran').exists()


def test_a_length_in_the_file_is_not_trusted():
    claim = (1 << 60).to_bytes(8, 'little')
    with pytest.raises(ValueError, match='but only 2 remain'):
        load_plain_arrays(b'\x80\x05\x96' + claim + b'ab')
    with pytest.raises(pickle.UnpicklingError, match='it numbers an object 4294967295 in 10 bytes'):
        load_plain_arrays(b'\x80\x02Nr\xff\xff\xff\xff0.')
    with pytest.raises(TypeError):
        load_plain_arrays(b'\x80\x02c__builtin__\nbytes\nK\x05\x85R.')


def test_the_state_of_a_function_is_not_set():
    with pytest.raises(pickle.UnpicklingError, match='sets the state of a function'):
        load_plain_arrays(b'\x80\x02cnumpy.core.multiarray\nscalar\n}b.')
    with pytest.raises(pickle.UnpicklingError, match='it has the instruction EXT1'):
        load_plain_arrays(b'\x80\x02\x82\x01.')


def nested(kind, levels=40):
    value = kind([1, 1])
    for _ in range(levels):
        value = kind([value, value])
    return value


@pytest.mark.parametrize(
    'stream',
    [
        pickle.dumps(nested(list)),
        pickle.dumps(nested(tuple)),
        b'\x80\x02}K\x01K\x01\x86' + b'2\x86' * 40 + b'K\x01s.',  # a key of nested pairs, which would be hashed
    ],
)
def test_what_repeats_itself_without_end_is_refused(stream):
    with pytest.raises(pickle.UnpicklingError, match='repeats itself'):
        load_plain_arrays(stream)


def test_what_is_shared_is_read():
    shared = ('a', [1, 2])
    assert load_plain_arrays(pickle.dumps({'x': [shared] * 100})) == {'x': [shared] * 100}
