import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from cslrkit.errors import CheckpointError
from cslrkit.models.backbones import SlowOnly
from cslrkit.models.weights import load_pretrained, read_weights
from cslrkit.utils.tensor_files import read_tensor_file, write_tensor_file


def test_unknown_content(tmp_path):
    torch.save({'encoder.weight': torch.zeros(1)}, tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match=r'no known format. It holds: encoder.weight. Known are: a checkpoint'):
        read_weights(tmp_path / 'a.pth')
    torch.save([1], tmp_path / 'b.pth')
    with pytest.raises(CheckpointError, match='holds a list, expected a dict'):
        read_weights(tmp_path / 'b.pth')


def test_caffe2_arrays_of_other_kinds(tmp_path):
    backbone = SlowOnly(18, width=8)
    weight = np.ones((8, 3, 1, 7, 7), dtype='>f8')
    blobs = dict(conv1_w=weight, lr=np.float32(0.1), model_iter=7, name='slow')
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(dict(blobs=blobs, cfg='x'), protocol=2))
    report = load_pretrained(backbone, tmp_path / 'a.pkl')
    assert report.loaded == ['s1.pathway0_stem.conv.weight']
    assert (backbone.s1.pathway0_stem.conv.weight == 1).all()


class Evil:
    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.system, (f'mkdir {self.folder / "ran"}',)


def evil_files(folder):
    tensors = {'conv2d.conv1.weight': torch.zeros(1)}
    contents = dict(model_state_dict=tensors, rng_state=Evil(folder))
    torch.save(contents, folder / 'zip.pt')
    torch.save(contents, folder / 'legacy.pt', _use_new_zipfile_serialization=False)
    torch.save(dict(model_state=tensors, cfg=Evil(folder)), folder / 'zip.pyth')
    torch.save(dict(state_dict=tensors, meta=Evil(folder)), folder / 'zip.pth')
    torch.save({'layer1.0.conv1.weight': Evil(folder)}, folder / 'resnet.pth')
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path = folder / f'protocol{protocol}.pkl'
        path.write_bytes(pickle.dumps({'blobs': {'conv1_w': Evil(folder)}}, protocol=protocol))
    (folder / 'pickle.safetensors').write_bytes(pickle.dumps(Evil(folder)))
    return sorted(folder.iterdir())


def test_code_in_a_file_is_refused_by_name_and_not_run(tmp_path):
    paths = evil_files(tmp_path)
    assert len(paths) >= 11
    backbone = SlowOnly(18, width=8)
    for path in paths:
        with pytest.raises(CheckpointError, match=rf"{path.name}' is refused: it wants to import '\w+\.system'"):
            load_pretrained(backbone, path)
        module = SlowOnly(18, width=8, init_cfg=dict(type='Pretrained', checkpoint=str(path)))
        with pytest.raises(CheckpointError, match='is refused'):
            module.init_weights()
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('name', ['zip.pt', 'legacy.pt', 'plain.pkl', 'a.safetensors'])
def test_damaged_files(tmp_path, name):
    pytest.importorskip('safetensors', reason='an optional package')
    from cslrkit.utils.tensor_files import write_tensor_file

    state = {'conv2d.conv1.weight': torch.zeros(100)}
    path = tmp_path / name
    if name.endswith('.pt'):
        torch.save(dict(model_state_dict=state), path, _use_new_zipfile_serialization=name == 'zip.pt')
    elif name.endswith('.pkl'):
        path.write_bytes(pickle.dumps(dict(blobs={'conv1_w': np.zeros(100)})))
    else:
        write_tensor_file(path, state, {})
    whole = path.read_bytes()
    for length in (0, 1, 8, 9, 20, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match='cannot be read'):
            read_weights(path)


@pytest.mark.parametrize('core', ['numpy.core', 'numpy._core'])
def test_numpy_arrays_of_old_and_new_numpy(tmp_path, core):
    def renamed(data):
        for name in ('numpy._core', 'numpy.core'):
            data = data.replace(f'{name}.multiarray'.encode(), f'{core}.multiarray'.encode())
        return data

    state = np.random.get_state()
    content = dict(model_state_dict={'conv2d.conv1.weight': torch.zeros(1)}, rng_state=state, wer=np.float64(20.5))
    torch.save(content, tmp_path / 'a.pt')
    with zipfile.ZipFile(tmp_path / 'a.pt') as old, zipfile.ZipFile(tmp_path / 'b.pt', 'w') as new:
        for name in old.namelist():
            new.writestr(name, renamed(old.read(name)) if name.endswith('data.pkl') else old.read(name))
    content = read_weights(tmp_path / 'b.pt').content
    assert content['wer'] == 20.5
    np.testing.assert_array_equal(content['rng_state'][1], state[1])
    blobs = dict(conv1_w=np.arange(3.0))
    (tmp_path / 'c.pkl').write_bytes(renamed(pickle.dumps(dict(blobs=blobs), protocol=2)))
    assert read_weights(tmp_path / 'c.pkl').tensors['conv1_w'].tolist() == [0, 1, 2]


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_a_flipped_bit_is_noticed_wherever_it_matters(tmp_path, suffix):
    path = tmp_path / f'a{suffix}'
    tensors = {'a': torch.randn(40, 50), 'b': torch.randn(30).bfloat16(), 'n': torch.tensor(3), 'e': torch.zeros(0, 3)}
    write_tensor_file(path, tensors, dict(vocab=['Ä', 'B'], epoch=3))
    content = path.read_bytes()
    changed = 0
    header = range(8, 500) if suffix == '.safetensors' else ()
    for place in (*header, *range(len(content) // 3, len(content) - 200, 97)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 7
        path.write_bytes(flipped)
        try:
            found = read_tensor_file(path)
        except CheckpointError:
            changed += 1
        else:  # between the parts of a zip file
            assert all(torch.equal(found['state_dict'][name], tensor) for name, tensor in tensors.items())
            assert found['meta'] == dict(vocab=['Ä', 'B'], epoch=3)
    assert changed > 20
    path.write_bytes(content)
    assert read_tensor_file(path)['meta'] == dict(vocab=['Ä', 'B'], epoch=3)


def test_others_may_read_what_is_written(tmp_path):
    for suffix in ('.pth', '.safetensors'):
        write_tensor_file(tmp_path / f'a{suffix}', {'a': torch.zeros(1)}, {})
    (tmp_path / 'plain').touch()
    assert len({path.stat().st_mode for path in tmp_path.iterdir()}) == 1


def test_safetensors_without_a_checksum_are_read(tmp_path):
    files = pytest.importorskip('safetensors.torch', reason='an optional package')
    for metadata in (None, {'format': 'pt'}, {'cslrkit': '{"epoch": 3}'}):  # of others, and of 0.1.0
        files.save_file({'a': torch.ones(2)}, str(tmp_path / 'a.safetensors'), metadata=metadata)
        found = read_tensor_file(tmp_path / 'a.safetensors')
        assert found['state_dict']['a'].tolist() == [1, 1]
        assert found['meta'] == ({'epoch': 3} if metadata and 'cslrkit' in metadata else {})


def test_a_small_file_that_makes_a_large_one_is_refused(tmp_path):
    torch.save({'a': torch.zeros(1 << 16)}, tmp_path / 'a.pth')
    with zipfile.ZipFile(tmp_path / 'a.pth') as whole, zipfile.ZipFile(tmp_path / 'b.pth', 'w') as packed:
        for name in whole.namelist():
            packed.writestr(name, whole.read(name), zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match='it holds more than its size'):
        read_tensor_file(tmp_path / 'b.pth')
    torch.save({'a': torch.zeros(1).expand(1 << 30)}, tmp_path / 'c.pth')
    with pytest.raises(CheckpointError, match='its tensors come to 4294967296 bytes in a file of'):
        read_tensor_file(tmp_path / 'c.pth')
    with zipfile.ZipFile(tmp_path / 'a.pth') as whole, zipfile.ZipFile(tmp_path / 'd.pth', 'w') as changed:
        for name in whole.namelist():
            own = b'\x80\x02c__builtin__\nbytearray\nJ\x00\x00\x00\x40\x85R.' if name.endswith('data.pkl') else None
            changed.writestr(name, own or whole.read(name))
    with pytest.raises(CheckpointError, match='it makes a bytearray'):
        read_tensor_file(tmp_path / 'd.pth')
