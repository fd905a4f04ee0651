"""Pickles of keypoints that are hostile, damaged or of something else."""

import pickle

import pytest
import torch
from feature_files import Hostile
from keypoint_files import NAME, dump, points, reader

from cslrkit.errors import DataError


def hostile_storage(marker):
    """A pickle whose tensor has a storage that calls something."""
    inner = pickle.dumps(torch.serialization.MAGIC_NUMBER, protocol=2) + pickle.dumps(1001, protocol=2)
    inner += pickle.dumps(Hostile(marker), protocol=2)

    class Storage:
        def __reduce__(self):
            return torch.storage._load_from_bytes, (inner,)

    return Storage()


@pytest.mark.parametrize(('kind', 'name'), [('KeypointPickle', 'a.pkl'), ('UniSignPickles', f'poses/{NAME}.pkl')])
@pytest.mark.parametrize('compress', [False, True])
@pytest.mark.parametrize('make', [Hostile, hostile_storage, lambda marker: {NAME: {'keypoints': [Hostile(marker)]}}])
def test_a_hostile_pickle_is_refused_and_nothing_is_executed(kind, name, compress, make, tmp_path):
    marker = tmp_path / 'executed'
    dump(tmp_path / name, make(marker), compress)
    with pytest.raises(DataError, match=r'refused.*Nothing in it was executed|cannot be read'):
        reader(kind, tmp_path, name.split('/')[0]).read(NAME)
    assert not marker.exists()


def test_a_damaged_pickle_is_an_error(tmp_path):
    dump(tmp_path / 'a.pkl', {NAME: {'keypoints': points()}}, compress=True)
    data = (tmp_path / 'a.pkl').read_bytes()
    for cut in (3, len(data) // 2, len(data) - 20):
        (tmp_path / 'a.pkl').write_bytes(data[:cut])
        with pytest.raises(DataError, match='cannot be read'):
            reader('KeypointPickle', tmp_path, 'a.pkl')


def test_a_tensor_that_reaches_beyond_its_storage_is_an_error(tmp_path):
    class Beyond:
        def __reduce__(self):
            storage = torch.zeros(6).storage()
            return torch._utils._rebuild_tensor_v2, (storage, 0, (2, 133, 3), (399, 3, 1), False, {})

    dump(tmp_path / 'a.pkl', {NAME: {'keypoint': Beyond()}})
    with pytest.raises(DataError, match='cannot be read'):
        reader('KeypointPickle', tmp_path, 'a.pkl')


@pytest.mark.parametrize(
    ('content', 'match'),
    [([1, 2], 'no dict of names'), ({'a': {'pose': 1}}, 'expected a dict with keypoints or keypoint')],
)
def test_a_pickle_of_something_else_is_an_error(content, match, tmp_path):
    dump(tmp_path / 'a.pkl', content)
    with pytest.raises(DataError, match=match):
        reader('KeypointPickle', tmp_path, 'a.pkl')


def test_two_entries_of_a_sample_are_an_error(tmp_path):
    dump(tmp_path / 'a.pkl', {f'{folder}/{NAME}': {'keypoints': points()} for folder in 'ab'})
    with pytest.raises(DataError, match=f"'{NAME}' has several entries: a/{NAME}, b/{NAME}"):
        reader('KeypointPickle', tmp_path, 'a.pkl').check([{'sample_id': NAME}])
