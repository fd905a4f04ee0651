import random

import numpy as np
import pytest
import torch

from cslrkit.datasets.transforms import (
    CropFrames,
    LoadKeypoints,
    NormalizeKeypoints,
    RandomFrames,
    RandomKeypointAffine,
    RandomKeypointDrop,
    RandomKeypointFlip,
    SelectKeypoints,
)
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import TRANSFORMS
from cslrkit.structures.keypoint_layout import find_layout
from cslrkit.testing import check_transform
from cslrkit.video.keypoints import Keypoints


def sample(count):
    keypoints = np.arange(count * 6, dtype=np.float32).reshape(count, 2, 3)
    return dict(sample_id='a', keypoints=keypoints, frame_indices=np.arange(10, 10 + count))


@pytest.mark.parametrize(
    ('count', 'options', 'expected'),
    [
        (7, dict(max_len=4), [1, 2, 3, 4]),
        (7, dict(max_len=10), list(range(7))),
        (7, dict(max_len=10, multiple_of=4), [0, 1, 2, 3]),
        (3, dict(max_len=10, multiple_of=4), [0, 1, 2]),  # nothing would be left
        (11, dict(max_len=9, multiple_of=4), list(range(1, 9))),
    ],
)
def test_crop_frames(count, options, expected):
    given, cropped = sample(count), CropFrames(**options).transform(sample(count))
    assert (cropped['frame_indices'] - 10).tolist() == expected
    assert (cropped['keypoints'] == given['keypoints'][expected]).all()
    assert CropFrames(**options).shortest(count, 1) == len(expected)


@pytest.mark.parametrize('rounding', ['up', 'down'])
def test_random_frames_stay_in_order_and_within_bounds(rounding):
    transform = RandomFrames(max_len=20, rounding=rounding)
    lengths = set()
    for seed in range(60):
        np.random.seed(seed)
        kept = transform.transform(sample(18))['frame_indices']
        assert (np.diff(kept) >= 0).all()
        lengths.add(len(kept))
    assert lengths == {12, 16, 20} if rounding == 'up' else {8, 12, 16, 20}
    assert min(lengths) == transform.shortest(18, 1)


def test_a_single_frame_survives():
    for rounding in ('up', 'down'):
        assert len(RandomFrames(rounding=rounding).transform(sample(1))['frame_indices']) >= 1


@pytest.mark.parametrize(
    ('build', 'match'),
    [
        (lambda: CropFrames(0), 'max_len'),
        (lambda: RandomFrames(1.5, 0.5), 'low <= high'),
        (lambda: RandomFrames(rounding='near'), "rounding: got 'near'"),
    ],
)
def test_wrong_arguments_are_errors(build, match):
    with pytest.raises(ConfigError, match=match):
        build()


# --- of points: the shoulders of the whole body are 5 and 6, its wrists 9 and 10 ----------------

LAYOUT = find_layout('wholebody133')


def whole(frames=4, seed=0):
    values = np.random.RandomState(seed).uniform(20, 180, (frames, 133, 3)).astype(np.float32)
    values[..., 2] = 0.8
    values[0, 7] = 0  # not found
    keypoints = Keypoints(values, LAYOUT, (200, 200))
    return dict(
        sample_id='a',
        keypoints=values,
        layout=LAYOUT,
        image_size=(200, 200),
        frame_indices=np.arange(frames),
        source=keypoints,
    )


POINT_TRANSFORMS = [
    ('LoadKeypoints', {}),
    ('SelectKeypoints', dict(parts=['upper_body', 'left_hand'])),
    ('NormalizeKeypoints', {}),
    ('NormalizeKeypoints', dict(by='parts')),
    ('RandomKeypointAffine', {}),
    ('RandomKeypointFlip', {}),
    ('RandomKeypointDrop', dict(part_prob=0.5)),
    ('CropFrames', dict(max_len=3)),
    ('RandomFrames', {}),
    ('TemporalRescale', dict(min_len=4)),
    ('PackSignInputs', {}),
]


@pytest.mark.parametrize(('name', 'options'), POINT_TRANSFORMS)
def test_transforms_of_keypoints_keep_the_contract(name, options):
    given = whole()
    if name == 'LoadKeypoints':
        given = dict(sample_id='a', keypoints=given['source'])
    given.pop('source', None)
    # What packs keypoints gives floats, where the contract of frames wants uint8.
    check_transform(name, options, sample=given, allow=('result',) if name == 'PackSignInputs' else ())


def test_points_that_were_not_found_stay_where_they_are():
    for name, options in POINT_TRANSFORMS[2:6]:
        random.seed(1)
        moved = TRANSFORMS.build(dict(type=name, **options))(whole())['keypoints']
        lost = 8 if name == 'RandomKeypointFlip' and moved[0, 8, 2] == 0 else 7
        assert (moved[0, lost] == 0).all()
        assert not np.allclose(moved[1:, :, :2], whole()['keypoints'][1:, :, :2]) or name == 'RandomKeypointFlip'


def test_shoulders_come_to_the_middle_a_fifth_of_the_width_apart():
    values = NormalizeKeypoints()(whole())['keypoints']
    pair = values[:, [5, 6], :2]
    np.testing.assert_allclose(pair.mean((0, 1)), (100, 100), atol=1e-3)
    assert np.linalg.norm(pair[:, 0] - pair[:, 1], axis=1).mean() == pytest.approx(40, rel=1e-5)
    lost = whole()
    lost['keypoints'][:, 5, 2] = 0
    with pytest.raises(DataError, match="sample 'a': both shoulders are found in no frame"):
        NormalizeKeypoints()(lost)
    hands = SelectKeypoints(parts=['left_hand'])(whole())
    with pytest.raises(ConfigError, match='lack the shoulders'):
        NormalizeKeypoints()(hands)


def test_parts_are_relative_to_wrist_and_middle_of_the_face():
    values = NormalizeKeypoints(by='parts')(whole())['keypoints'] / (100, 100, 1) - (1, 1, 0)
    np.testing.assert_allclose(values[:, [91, 112, 53], :2], 0, atol=1e-6)
    assert np.abs(values[1:, :, :2]).max() <= 1 + 1e-6


def test_a_flip_mirrors_and_swaps_sides_and_twice_is_none():
    flip = RandomKeypointFlip(1.0)
    once = flip(whole())
    values = whole()['keypoints']
    np.testing.assert_allclose(once['keypoints'][1:, 9, 0], 200 - values[1:, 10, 0], rtol=1e-6)
    np.testing.assert_allclose(once['keypoints'][1:, 9, 1:], values[1:, 10, 1:])
    np.testing.assert_allclose(flip(once)['keypoints'], values, rtol=1e-5)


def test_an_affine_without_a_range_moves_nothing_and_a_turn_keeps_distances():
    still = RandomKeypointAffine(0, scale=0, shift=0)(whole())['keypoints']
    np.testing.assert_allclose(still, whole()['keypoints'], rtol=1e-5)
    random.seed(0)
    turned = RandomKeypointAffine(45, scale=0, shift=0)(whole())['keypoints'][1:, :, :2]
    plain = whole()['keypoints'][1:, :, :2]
    assert np.abs(turned - plain).max() > 10
    distances = [np.linalg.norm(points[:, 3] - points[:, 8], axis=1) for points in (turned, plain)]
    np.testing.assert_allclose(*distances, rtol=1e-4)


def test_dropped_points_look_as_those_not_found():
    np.random.seed(0)
    values = RandomKeypointDrop(0.2)(whole(50))['keypoints']
    lost = values[..., 2] == 0
    assert 0.15 < lost.mean() < 0.25
    assert (values[lost] == 0).all()
    values = RandomKeypointDrop(0.0, part_prob=1.0, max_len=3)(whole(50))['keypoints']
    lost = (values[..., 2] == 0)[1:]
    assert 1 <= lost.any(1).sum() <= 3
    assert lost.any(0).sum() == 21


def test_loading_without_keypoints_or_frames_left_is_an_error():
    with pytest.raises(DataError, match=r'no keypoints. Set `keypoints` of the dataset'):
        LoadKeypoints()(dict(sample_id='a'))
    torch.manual_seed(1)
    with pytest.raises(DataError, match='frame_interval 50 leaves none'):
        LoadKeypoints(frame_interval=50)(dict(sample_id='a', keypoints=whole()['source']))
    with pytest.raises(ConfigError, match='positions below 133'):
        SelectKeypoints(points=[133])(whole())
    with pytest.raises(ConfigError, match='either parts or points'):
        SelectKeypoints()
