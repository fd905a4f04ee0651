"""The readers of keypoints, on files as others write them."""

import json
import pickle

import numpy as np
import pytest
import torch
from feature_files import Hostile
from keypoint_files import FRAMES, NAME, SIZE, dump, points, reader

from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.structures.keypoint_layout import LAYOUTS
from cslrkit.video.keypoints import Keypoints, write_keypoints


def write_slrt(root, values, name=f'dev/{NAME}'):
    dump(root / 'a.pkl', {name: {'keypoints': values}}, compress=True)
    return reader('KeypointPickle', root, 'a.pkl')


def write_mska(root, values, name=f'full/dev/{NAME}/1'):
    tensor = torch.from_numpy(np.asarray(values)).transpose(0, 1).contiguous().transpose(0, 1)  # strides of its own
    dump(root / 'a.dev', {name: {'name': name, 'gloss': 'A B', 'num_frames': len(values), 'keypoint': tensor}})
    return reader('KeypointPickle', root, 'a.{split}')


def write_list(root, values):
    dump(root / 'a.pkl', [{'name': NAME, 'keypoint': values}], compress=True)
    return reader('KeypointPickle', root, 'a.pkl')


def write_unisign(root, values):
    content = {'keypoints': [frame[None, :, :2] / SIZE for frame in values], 'scores': [f[None, :, 2] for f in values]}
    dump(root / 'poses' / f'{NAME}.pkl', content)
    return reader('UniSignPickles', root, 'poses')


def write_array(root, values):
    (root / 'arrays' / 'dev').mkdir(parents=True)
    np.savez(root / 'arrays' / 'dev' / f'{NAME}.npz', keypoints=values)
    return reader('KeypointArrays', root, 'arrays')


def write_store(root, values):
    clip = Keypoints(np.asarray(values, np.float32), LAYOUTS['wholebody133'], SIZE)
    other = Keypoints(points(seed=1), LAYOUTS['wholebody133'], SIZE)
    write_keypoints(root / 'keypoints', 'dev', {'first': other, NAME: clip}, layout=clip.layout, frame_rate=25)
    return reader('StoredKeypoints', root, 'keypoints')


WRITERS = [write_slrt, write_mska, write_list, write_unisign, write_array, write_store]


@pytest.mark.parametrize('write', WRITERS)
def test_each_format_gives_the_points(write, tmp_path):
    built = pickle.loads(pickle.dumps(write(tmp_path, points())))
    built.check([{'sample_id': NAME}])
    clip = built.read(NAME, FRAMES)
    np.testing.assert_allclose(clip.values, points(), rtol=1e-6)
    assert clip.values.dtype == np.float32
    assert (clip.layout.name, clip.image_size, len(clip)) == ('wholebody133', SIZE, FRAMES)
    assert clip.frame_rate == (25 if write is write_store else None)


@pytest.mark.parametrize('write', WRITERS)
def test_numbers_that_are_not_finite_are_points_not_found(write, tmp_path):
    values = points()
    values[1, 7, 0], values[2, 9, 2], values[3] = np.nan, np.inf, np.nan
    clip = write(tmp_path, values).read(NAME)
    assert (clip.values[1, 7] == 0).all()
    assert (clip.values[2, 9] == 0).all()
    assert (clip.values[3] == 0).all()
    assert (clip.values[0, :, 2] > 0).all()


@pytest.mark.parametrize('write', WRITERS)
def test_a_clip_in_which_nobody_is_found_is_an_error(write, tmp_path):
    with pytest.raises(DataError, match=f"sample '{NAME}': nobody is found in any of its 5 frames"):
        write(tmp_path, points() * (1, 1, 0)).read(NAME)


@pytest.mark.parametrize('write', WRITERS)
def test_another_number_of_frames_than_annotated_is_an_error(write, tmp_path):
    built = write(tmp_path, points())
    with pytest.raises(DataError, match=r'keypoints of 5 frames, but it is annotated with 6.*any_length'):
        built.read(NAME, 6)
    built.any_length = True
    assert len(built.read(NAME, 6)) == 5


@pytest.mark.parametrize('write', WRITERS)
def test_a_sample_without_keypoints_is_an_error_when_the_dataset_is_built(write, tmp_path):
    built = write(tmp_path, points())
    with pytest.raises(DataError, match=r'1 of 2 samples have no keypoints in .*: other'):
        built.check([{'sample_id': NAME}, {'sample_id': 'other'}])
    with pytest.raises(DataError, match="'other': there are no keypoints"):
        built.read('other')


@pytest.mark.parametrize('write', WRITERS[:-1])
def test_another_layout_is_an_error(write, tmp_path):
    with pytest.raises(DataError, match=r'132 points|shapes'):
        write(tmp_path, points(132)).read(NAME)


def test_of_two_people_the_surer_one_is_taken_in_each_frame_of_uni_sign(tmp_path):
    one, other = points(seed=1), points(seed=2)
    one[:, :, 2], other[:, :, 2] = 0.5, 0.6
    one[2, :, 2] = 0.9
    keypoints = [np.stack([a, b])[..., :2] / SIZE for a, b in zip(one, other)]
    scores = [np.stack([a, b])[..., 2] for a, b in zip(one, other)]
    keypoints[4], scores[4] = np.zeros((0, 133, 2)), np.zeros((0, 133))  # nobody
    dump(tmp_path / 'poses' / f'{NAME}.pkl', dict(keypoints=keypoints, scores=scores))
    values = reader('UniSignPickles', tmp_path, 'poses').read(NAME).values
    expected = np.stack([other[0], other[1], one[2], other[3], 0 * one[4]])
    np.testing.assert_allclose(values, expected, rtol=1e-6)


def openpose(path, people):
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = dict(pose=(0, 25), face=(25, 95), hand_left=(95, 116), hand_right=(116, 137))
    content = [{f'{k}_keypoints_2d': p[a:b].ravel().tolist() for k, (a, b) in parts.items()} for p in people]
    path.write_text(json.dumps(dict(version=1.3, people=content)))


def test_openpose_takes_the_surer_person_and_frames_without_people(tmp_path):
    one, other = points(137, seed=1), points(137, seed=2)
    other[..., 2] *= 0.5
    for index, people in enumerate([[one, other], [other, one], [], [one], [one]]):
        openpose(tmp_path / 'json' / NAME / f'{index:03d}_keypoints.json', [person[index] for person in people])
    built = reader('OpenPoseFolders', tmp_path, 'json')
    clip = built.read(NAME, 5)
    np.testing.assert_allclose(clip.values[[0, 1, 3, 4]], one[[0, 1, 3, 4]], rtol=1e-6)
    assert (clip.values[2] == 0).all()
    assert clip.layout.name == 'openpose137'
    path = tmp_path / 'json' / NAME / '003_keypoints.json'
    path.write_text(path.read_text()[:50])
    with pytest.raises(DataError, match=r'003_keypoints.json. is no frame of OpenPose'):
        built.read(NAME)


def test_mediapipe_as_arrays_of_parts_of_the_picture(tmp_path):
    values = points(543)
    (tmp_path / 'holistic').mkdir()
    stored = np.concatenate([values[..., :2] / SIZE, np.zeros((FRAMES, 543, 1))], -1)
    stored[:, 501:522] = np.nan  # the left hand
    np.save(tmp_path / 'holistic' / f'{NAME}.npy', stored)
    built = reader('KeypointArrays', tmp_path, 'holistic', layout='mediapipe543', axes='xyz', unit='picture')
    clip = built.read(NAME)
    np.testing.assert_allclose(clip.values[:, :501, :2], values[:, :501, :2], rtol=1e-5)
    assert (clip.values[:, :501, 2] == 1).all()
    assert (clip.values[:, 501:522] == 0).all()
    with pytest.raises(DataError, match=r"axes='xys' means|shape"):
        reader('KeypointArrays', tmp_path, 'holistic', layout='mediapipe543', axes='xyzs').read(NAME)


def test_pose_files(tmp_path):
    pose_format = pytest.importorskip('pose_format')
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

    def component(name, count):
        names = [str(index) for index in range(count)]
        return PoseHeaderComponent(name, names, [], [], 'XYZC')

    counts = dict(POSE_LANDMARKS=33, LEFT_HAND_LANDMARKS=21, RIGHT_HAND_LANDMARKS=21)
    header = PoseHeader(0.2, PoseHeaderDimensions(*SIZE, 0), [component(*each) for each in counts.items()])
    values = points(75)
    data = np.concatenate([values[..., :2], np.zeros((FRAMES, 75, 1))], -1)[:, None]
    body = NumPyPoseBody(25, data.astype(np.float32), values[:, None, :, 2])
    (tmp_path / 'poses').mkdir()
    with (tmp_path / 'poses' / f'{NAME}.pose').open('wb') as file:
        pose_format.Pose(header, body).write(file)
    clip = reader('PoseFiles', tmp_path, 'poses').read(NAME, FRAMES)
    assert (clip.layout.name, clip.image_size, clip.frame_rate) == ('mediapipe543', SIZE, 25)
    np.testing.assert_allclose(clip.values[:, :33], values[:, :33], rtol=1e-6)
    np.testing.assert_allclose(clip.values[:, 501:], values[:, 33:], rtol=1e-6)
    assert (clip.values[:, 33:501] == 0).all()  # no face in the file
    counts['FACE_LANDMARKS'] = 478  # with irises
    header = PoseHeader(0.2, PoseHeaderDimensions(*SIZE, 0), [component(*each) for each in counts.items()])
    data = np.ones((FRAMES, 1, 553, 3), np.float32)
    with (tmp_path / 'poses' / 'irises.pose').open('wb') as file:
        pose_format.Pose(header, NumPyPoseBody(25, data, data[..., 0])).write(file)
    assert reader('PoseFiles', tmp_path, 'poses').read('irises').layout.name == 'mediapipe553'
    with pytest.raises(DataError, match=r"FACE_LANDMARKS of 478 points.*'mediapipe543'"):
        reader('PoseFiles', tmp_path, 'poses', layout='mediapipe543').read('irises')
    with pytest.raises(DataError, match=r'POSE_LANDMARKS of 33, .*not those of the layout'):
        reader('PoseFiles', tmp_path, 'poses', layout='wholebody133').read(NAME)
    (tmp_path / 'poses' / f'{NAME}.pose').write_bytes(b'\x00' * 40)
    with pytest.raises(DataError, match='cannot be read'):
        reader('PoseFiles', tmp_path, 'poses').read(NAME)


def test_a_store_that_was_changed_is_an_error(tmp_path):
    write_store(tmp_path, points())
    index = tmp_path / 'keypoints' / 'dev.json'
    text = index.read_text()
    for changed, match in [
        (text.replace(f'"{NAME}": [5', f'"{NAME}": [6'), 'its index says'),
        (text.replace('keypoints 1', 'keypoints 2'), 'no index of keypoints'),
        (text.replace('wholebody133', 'other'), 'no index of keypoints'),
        (text[:40], 'no index of keypoints'),
        (text.replace(f'"{NAME}": [5', f'"{NAME}": [5.5'), 'no index of keypoints'),
        (text.replace(f'"{NAME}": [5', f'"{NAME}": [1e999'), 'no index of keypoints'),
        ('[' * 20_000, 'nested too deeply'),
    ]:
        assert changed != text
        index.write_text(changed)
        with pytest.raises(DataError, match=match):
            reader('StoredKeypoints', tmp_path, 'keypoints')
    index.write_text(text.replace('"frame_rate": 25', '"frame_rate": 0'))
    with pytest.raises(DataError, match='got the frame rate 0'):
        reader('StoredKeypoints', tmp_path, 'keypoints').read(NAME)
    index.write_text(text)
    np.save(tmp_path / 'keypoints' / 'dev.npy', np.array([Hostile(tmp_path / 'executed')], dtype=object))
    with pytest.raises(DataError, match='cannot be read'):
        reader('StoredKeypoints', tmp_path, 'keypoints')
    assert not (tmp_path / 'executed').exists()
    (tmp_path / 'keypoints' / 'dev.npy').write_bytes(b'')
    with pytest.raises(DataError, match=r'dev.npy. cannot be read'):
        reader('StoredKeypoints', tmp_path, 'keypoints')


def test_what_is_not_there_and_wrong_arguments(tmp_path):
    write_store(tmp_path, points())
    with pytest.raises(DataNotFoundError, match=r'train.json. does not exist. Splits there: dev'):
        reader('StoredKeypoints', tmp_path, 'keypoints', split='train')
    with pytest.raises(DataNotFoundError, match='relative to data_root'):
        reader('KeypointPickle', tmp_path, 'missing.pkl')
    with pytest.raises(ConfigError, match="layout: got 'coco'"):
        reader('KeypointArrays', tmp_path, 'keypoints', layout='coco')
    with pytest.raises(ConfigError, match='image_size: got'):
        reader('KeypointArrays', tmp_path, 'keypoints', image_size=(0, 260))
    write_array(tmp_path, points())
    with pytest.raises(DataError, match=r'image_size=\(width, height\)'):
        reader('KeypointArrays', tmp_path, 'arrays', image_size=None).read(NAME)
