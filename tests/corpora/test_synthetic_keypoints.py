import numpy as np
import pytest

from cslrkit.corpora import find_corpus
from cslrkit.corpora.synthsign import make_corpus
from cslrkit.errors import DataError
from cslrkit.registry import DATASETS

KEYPOINTS = dict(type='StoredKeypoints')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('drawn') / 'corpus'
    make_corpus(root, preset='tiny', size=(112, 112), num_workers=1, progress=False)
    return root


def dataset(root, split='dev', pipeline=(dict(type='LoadKeypoints'),), **options):
    config = dict(type='CSLRDataset', corpus='synthsign', data_root=str(root), split=split, pipeline=list(pipeline))
    return DATASETS.build(dict(config, keypoints=KEYPOINTS, **options))


def test_every_clip_has_its_keypoints_at_the_points_that_are_drawn(root):
    for split, count in (('train', 8), ('dev', 3), ('test', 3)):
        read = dataset(root, split)
        assert len(read) == count
        for sample in read:
            values = sample['keypoints']
            assert (len(values), sample['image_size'], sample['frame_rate']) == (sample['num_frames'], (112, 112), 25.0)
            assert (values[:, 11:23] == 0).all()  # hips, legs and feet
            assert (values[:, :11, 2] == 1).all()
            assert ((values[..., :2] >= 0) & (values[..., :2] <= 112)).all()
            assert (values[:, 5, 0] > values[:, 6, 0]).all()  # the left shoulder is on the right of the image
            np.testing.assert_allclose(values[:, [9, 10]], values[:, [91, 112]])  # wrists


def test_eyes_are_dark_and_hands_of_the_skin_where_the_keypoints_are(root):
    sample = dataset(root, frames=dict(type='ImageFolders'))[0]
    frame = next(iter(sample['frames'].frames())).image.astype(int)
    points = sample['keypoints'][0, :, :2].astype(int)

    def color(point):
        x, y = points[point]
        return frame[y, x]

    assert max(color(1)) < 140  # an iris, which covers some pixels
    assert max(color(2)) < 140
    # A knuckle of the little finger is of the skin, as the chin below the lip is.
    x, y = points[[80, 31]].mean(0).astype(int)
    skin = frame[y, x]
    for knuckle in (108, 129):
        assert abs(color(knuckle) / color(knuckle).sum() - skin / skin.sum()).max() < 0.1


def test_a_corpus_drawn_before_gets_its_keypoints_alone(root):
    folder, made = root / 'keypoints', {path.name: path.read_bytes() for path in (root / 'keypoints').iterdir()}
    frame = next((root / find_corpus('synthsign').distributed_frames((112, 112))).rglob('*.png'))
    before = frame.stat().st_mtime_ns
    for path in list(folder.iterdir()):
        path.unlink()
    make_corpus(root, preset='tiny', size=(112, 112), num_workers=1, progress=False)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == made
    assert frame.stat().st_mtime_ns == before


def test_packed_keypoints_know_frames_and_size(root):
    steps = [dict(type='LoadKeypoints'), dict(type='SelectKeypoints', parts=['left_hand']), dict(type='PackSignInputs')]
    packed = dataset(root, pipeline=steps, frame_interval=2)[0]
    sample = packed['data_samples']
    assert packed['inputs'].shape == (sample.clip_len, 21, 3)
    assert sample.image_size == (112, 112)
    assert set(np.diff(sample.frame_indices)) == {2}


def test_frames_are_not_needed_and_not_read(root, tmp_path):
    for name in ('preprocess', 'keypoints'):
        (tmp_path / name).symlink_to(root / name)
    sample = dataset(tmp_path)[0]
    assert 'frames' not in sample
    (tmp_path / 'keypoints').unlink()
    with pytest.raises(FileNotFoundError, match=r'keypoints.*does not exist'):
        dataset(tmp_path)


def test_keypoints_of_other_samples_are_an_error_when_the_dataset_is_built(root, tmp_path):
    (tmp_path / 'preprocess').symlink_to(root / 'preprocess')
    (tmp_path / 'keypoints').mkdir()
    for suffix in ('.npy', '.json'):
        (tmp_path / 'keypoints' / f'dev{suffix}').symlink_to(root / 'keypoints' / f'test{suffix}')
    with pytest.raises(DataError, match='3 of 3 samples have no keypoints'):
        dataset(tmp_path)
