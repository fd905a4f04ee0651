"""Feature files of other projects: each format made by its rule, read as it is meant, and a hostile one refused."""

import gzip
import pickle

import numpy as np
import pytest
import torch
from feature_files import COUNTS, PIPELINE, Hostile, read_features, rows_of, write_corpus

from cslrkit.errors import ConfigError, DataError, DataNotFoundError

h5py = pytest.importorskip('h5py', reason='h5py is not installed')


def write_pickle(path, content, *, zipped=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(pickle.dumps(content)) if zipped else pickle.dumps(content))


def signjoey(*, width=4, extra=None):
    """``signjoey/dataset.py``: a gzipped list of dicts, a float tensor (T, C) of a row a frame under ``sign``."""
    records = [
        dict(name=f'train/{name}', signer='s', gloss='A', text='.', sign=torch.from_numpy(rows_of(name, width=width)))
        for name in COUNTS
    ]
    return [*records, *([] if extra is None else [extra])]


def slrt():
    """``extract_feature.py``: the same with a row for four frames; names are long paths."""
    return [
        dict(name=f'fullFrame-210x260px/{name}/1', gloss='', text='', num_frames=COUNTS[name],
             sign=torch.from_numpy(rows_of(name, stride=4)))
        for name in COUNTS
    ]  # fmt: skip


def slrt_online():
    """``{split}_features.pkl``: a dict of kinds of features, each of name to an array, a row a frame."""
    return {
        'rgb': {name: rows_of(name) for name in COUNTS},
        'keypoint': {name: rows_of(name)[:, :2] for name in COUNTS},
    }


def mska():
    """``Phoenix-2014.train``: name to a dict with a tensor (T, points, 3) under ``keypoint``; not gzipped."""
    points = {name: torch.from_numpy(rows_of(name, width=6).reshape(-1, 2, 3)) for name in COUNTS}
    return {name: dict(name=name, gloss='', text='', num_frames=COUNTS[name], keypoint=points[name]) for name in COUNTS}


def vac(name):
    """``np.save`` of a dict: 6 copies of the first frame, the clip, then to a multiple of 4 and 6 more of the last."""
    after = -len(rows_of(name)) % 4 + 6
    rows = np.pad(rows_of(name), ((6, after), (0, 0)), mode='edge')
    rows[:6] += 0.5  # computed from padding, they differ from the first row
    return dict(label=torch.tensor([1, 2]), features=torch.from_numpy(rows))


def write_vac(root, contents):
    (root / 'features/train').mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        np.save(root / f'features/train/{name}_features.npy', content)


def clip_of(packed):
    before, after = packed['data_samples'].padding
    rows = packed['inputs'].numpy()
    return rows[before : len(rows) - after]


def assert_reads(root, features, *, stride=1, width=4):
    write_corpus(root)
    dataset = read_features(root, features)
    for packed, name in zip(dataset, COUNTS):
        expected = rows_of(name, stride=stride, width=width)
        np.testing.assert_array_equal(clip_of(packed), expected)
        assert packed['data_samples'].sample_id == name
        assert packed['data_samples'].frame_indices == tuple(range(0, stride * len(expected), stride))
    return dataset


def test_signjoey(tmp_path):
    write_pickle(tmp_path / 'pami0.train', signjoey())
    assert_reads(tmp_path, dict(type='PickledFeatures', files='pami0.{split}'))


def test_several_of_signjoey_on_one_feature_axis(tmp_path):
    write_pickle(tmp_path / 'pami0.train', signjoey())
    write_pickle(tmp_path / 'pami1.train', signjoey(width=2))
    write_corpus(tmp_path)
    dataset = read_features(tmp_path, dict(type='PickledFeatures', files=['pami0.{split}', 'pami1.{split}']))
    both = np.concatenate([rows_of('b'), rows_of('b', width=2)], 1)
    np.testing.assert_array_equal(dataset[1]['inputs'].numpy(), both)
    short = [dict(record, sign=record['sign'][:-1]) for record in signjoey()]
    write_pickle(tmp_path / 'pami1.train', short)
    with pytest.raises(DataError, match=r"'a' has other numbers of rows in each file \('.*pami0.train': 12, '.*: 11\)"):
        read_features(tmp_path, dict(type='PickledFeatures', files=['pami0.{split}', 'pami1.{split}']))


def test_slrt(tmp_path):
    write_pickle(tmp_path / 'head_rgb_input/train.pkl', slrt())
    assert_reads(tmp_path, dict(type='PickledFeatures', files='head_rgb_input/{split}.pkl', stride=4), stride=4)


def test_slrt_online(tmp_path):
    write_pickle(tmp_path / 'train_features.pkl', slrt_online(), zipped=False)
    assert_reads(tmp_path, dict(type='PickledFeatures', files='{split}_features.pkl', key='rgb'))


def test_mska(tmp_path):
    write_pickle(tmp_path / 'Phoenix-2014.train', mska(), zipped=False)
    assert_reads(tmp_path, dict(type='PickledFeatures', files='Phoenix-2014.{split}', key='keypoint'), width=6)


def test_half_precision_and_numpy_in_a_pickle(tmp_path):
    content = {name: (torch.from_numpy(rows_of(name)).half() if name == 'a' else rows_of(name)) for name in COUNTS}
    write_pickle(tmp_path / 'x', content)
    assert_reads(tmp_path, dict(type='PickledFeatures', files='x'))


def test_vac_is_padded_already(tmp_path):
    write_vac(tmp_path, {name: vac(name) for name in COUNTS})
    dataset = assert_reads(tmp_path, dict(type='VACFeatures'))
    assert [packed['data_samples'].padding for packed in dataset] == [(6, 6), (6, 9), (6, 6)]
    np.testing.assert_array_equal(dataset[1]['inputs'][:6].numpy(), vac('b')['features'][:6].numpy())


def test_rows_of_vac_that_do_not_fit_the_frames(tmp_path):
    write_vac(tmp_path, {name: dict(features=vac(name)['features'][:-4]) for name in COUNTS})
    write_corpus(tmp_path)
    with pytest.raises(
        DataError, match=r"a_features.npy' has 20 rows, expected 24: 6 before and after the 12 annotated"
    ):
        read_features(tmp_path, dict(type='VACFeatures'))


def write_arrays(root, kind, *, stride=1, turned=False):
    rows = {name: rows_of(name, stride=stride).T if turned else rows_of(name, stride=stride) for name in COUNTS}
    (root / 'x/train').mkdir(parents=True)
    for name, array in rows.items():
        np.save(root / f'x/train/{name}.npy', array)
        np.savez(root / f'x/train/{name}.npz', i3d=array, other=array[:1])
    np.savez(root / 'x/train.npz', **rows)
    with h5py.File(root / 'x/train.h5', 'w') as file:
        for name, array in rows.items():
            file.create_group(name)['i3d'] = array
    options = {'npy': {}, 'npz': dict(key='i3d'), 'all': {}, 'h5': dict(key='i3d')}[kind]
    path = {'npy': 'x/{split}/{id}.npy', 'npz': 'x/{split}/{id}.npz', 'all': 'x/{split}.npz', 'h5': 'x/{split}.h5'}[
        kind
    ]
    return dict(type='ArrayFeatures', path=path, **options)


KINDS = ('npy', 'npz', 'all', 'h5')


@pytest.mark.parametrize('kind', KINDS)
def test_arrays(tmp_path, kind):
    features = write_arrays(tmp_path, kind, stride=2, turned=True)
    assert_reads(tmp_path, dict(features, stride=2, axes='DT'), stride=2)


@pytest.mark.parametrize('kind', KINDS)
def test_arrays_the_wrong_way_round(tmp_path, kind):
    write_corpus(tmp_path)
    with pytest.raises(DataError, match=r"of 'b' are 4 x 9, those of 'a' 4 x 12 .*other way round, axes='DT'"):
        read_features(tmp_path, write_arrays(tmp_path, kind, turned=True))


def test_a_wrong_stride(tmp_path):
    write_corpus(tmp_path)
    features = write_arrays(tmp_path, 'npy', stride=4)
    with pytest.raises(DataError, match=r"'a' has 3 rows for 12 annotated frames.* not for stride=1. Set stride=4"):
        read_features(tmp_path, features)


def test_samples_without_features_are_named(tmp_path):
    write_pickle(tmp_path / 'x', [record for record in signjoey() if record['name'] != 'train/b'])
    write_corpus(tmp_path)
    with pytest.raises(DataError, match=r'1 of 3 samples have no features: b\. There are those of 2 samples: a, c'):
        read_features(tmp_path, dict(type='PickledFeatures', files='x'))
    (tmp_path / 'x').unlink()
    write_arrays(tmp_path, 'npy')
    (tmp_path / 'x/train/c.npy').unlink()
    with pytest.raises(DataError, match=r'1 of 3 samples have no features: c'):
        read_features(tmp_path, dict(type='ArrayFeatures', path='x/{split}/{id}.npy'))


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('part', [0, 0.9])
def test_a_file_of_arrays_that_is_cut_off_is_named(tmp_path, kind, part):
    write_corpus(tmp_path)
    features = write_arrays(tmp_path, kind)
    path = tmp_path / features['path'].format(split='train', id='a')
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(DataError, match=f"'{path}'.* cannot be read"):
        read_features(tmp_path, features)


def hostile_features(root, kind, bad):
    """Write files of a kind, one of which would run a command; return how a dataset reads them."""
    if kind == 'signjoey':
        write_pickle(root / 'x', signjoey(extra=dict(name='d', sign=bad)))
        return dict(type='PickledFeatures', files='x')
    if kind == 'slrt':
        write_pickle(root / 'x', [*slrt(), bad])
        return dict(type='PickledFeatures', files='x', stride=4)
    if kind == 'slrt_online':
        write_pickle(root / 'x', dict(slrt_online(), blk5=bad), zipped=False)
        return dict(type='PickledFeatures', files='x', key='rgb')
    if kind == 'mska':
        write_pickle(root / 'x', dict(mska(), d=bad), zipped=False)
        return dict(type='PickledFeatures', files='x', key='keypoint')
    if kind == 'vac':
        write_vac(root, {name: dict(vac(name), label=bad) for name in COUNTS})
        return dict(type='VACFeatures')
    features = write_arrays(root, kind)
    pickled = np.empty((), dtype=object)
    pickled[()] = bad
    np.save(root / 'x/train/a.npy', pickled, allow_pickle=True)
    np.savez(root / 'x/train/a.npz', i3d=pickled)
    np.savez(root / 'x/train.npz', **dict.fromkeys(COUNTS, pickled))
    with h5py.File(root / 'x/train.h5', 'a') as file:
        del file['a/i3d']
        file['a/i3d'] = np.void(pickle.dumps(bad))
    return features


@pytest.mark.parametrize('kind', ['signjoey', 'slrt', 'slrt_online', 'mska', 'vac', *KINDS])
def test_nothing_in_a_file_is_executed(tmp_path, kind):
    marker = tmp_path / 'executed'
    write_corpus(tmp_path)
    features = hostile_features(tmp_path, kind, Hostile(marker))
    with pytest.raises(
        DataError, match=r'posix.system|Object arrays|Python objects in dtype|expected an array of numbers'
    ):
        read_features(tmp_path, features)
    assert not marker.exists()
    pickle.loads(pickle.dumps(Hostile(marker)))  # which does run it
    assert marker.exists()


def test_storages_are_read_without_executing_anything(tmp_path):
    marker = tmp_path / 'executed'

    class Storage:
        def __reduce__(self):
            return torch.storage._load_from_bytes, (pickle.dumps(Hostile(marker)),)

    write_corpus(tmp_path)
    write_pickle(tmp_path / 'x', [dict(name='a', sign=Storage())])
    with pytest.raises(DataError, match='cannot be read'):
        read_features(tmp_path, dict(type='PickledFeatures', files='x'))
    assert not marker.exists()


@pytest.mark.parametrize(
    ('size', 'stride', 'offset'), [((1000,), (1,), 0), ((3,), (1,), 5), ((10**12,), (0,), 0), ((-1,), (1,), 0)]
)
def test_tensors_beyond_their_numbers(tmp_path, size, stride, offset):
    class Beyond:
        def __reduce__(self):
            storage = torch.zeros(6).storage()
            return torch._utils._rebuild_tensor_v2, (storage, offset, size, stride, False, {})

    write_corpus(tmp_path)
    write_pickle(tmp_path / 'x', [dict(name='a', sign=Beyond())])
    with pytest.raises(DataError, match='cannot be read'):
        read_features(tmp_path, dict(type='PickledFeatures', files='x'))


@pytest.mark.parametrize(
    ('features', 'error', 'message'),
    [
        (dict(type='PickledFeatures', files='no.{split}'), DataNotFoundError, r"features: '.*no.train' does not exist"),
        (dict(type='PickledFeatures', files='x', stride=0), ConfigError, 'features.stride: got 0'),
        (
            dict(type='PickledFeatures', files='x', key='i3d'),
            DataError,
            r"'train/a' has no 'i3d'; it has: name, signer",
        ),
        (dict(type='PickledFeatures', files='cut'), DataError, r"'.*cut' cannot be read \(EOFError"),
        (dict(type='ArrayFeatures', path='x.npy'), ConfigError, r"features.path: got 'x.npy'"),
        (
            dict(type='ArrayFeatures', path='{id}.npy', axes='TC'),
            ConfigError,
            r"features.axes: got 'TC', expected 'TD'",
        ),
        (dict(type='ArrayFeature', path='x'), ConfigError, r"features.type: .*Did you mean 'ArrayFeatures'"),
    ],
)
def test_wrong_arguments_and_files(tmp_path, features, error, message):
    write_corpus(tmp_path)
    write_pickle(tmp_path / 'x', signjoey())
    (tmp_path / 'cut').write_bytes((tmp_path / 'x').read_bytes()[:60])
    with pytest.raises(error, match=message):
        read_features(tmp_path, features, pipeline=PIPELINE)
