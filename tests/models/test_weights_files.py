import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from cslrkit.errors import CheckpointError
from cslrkit.models.backbones import SlowOnly
from cslrkit.models.weights import load_pretrained, read_weights


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
