"""Frames and keypoints of one clip, cut, mirrored, resized and resampled together."""

import random

import numpy as np
import pytest
import torch

from cslrkit.datasets.transforms import LoadFrames, LoadKeypoints, PackSignInputs
from cslrkit.datasets.transforms.sample import PlannedSample
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import TRANSFORMS
from cslrkit.structures.keypoint_layout import KeypointLayout
from cslrkit.video.clip import ArrayClip
from cslrkit.video.keypoints import Keypoints

LAYOUT = KeypointLayout('pair', 2, {'hands': (0, 1)}, ((0, 1),), None, 'nobody')
WIDTH, HEIGHT, FRAMES = 24, 16, 6


def dots():
    """Black frames: frame t has a red pixel at (8 + t, 6) and a green one at (15, 5 + t)."""
    array = np.zeros((FRAMES, HEIGHT, WIDTH, 3), np.uint8)
    for t in range(FRAMES):
        array[t, 6, 8 + t, 0] = array[t, 5 + t, 15, 1] = 255
    return ArrayClip(array)


def points(scale=1, count=FRAMES):
    """The middles of these pixels, in a picture that is so many times larger."""
    values = np.float32([[(8.5 + t, 6.5, 1), (15.5, 5.5 + t, 1)] for t in range(count)])
    return Keypoints(values * np.float32([scale, scale, 1]), LAYOUT, (WIDTH * scale, HEIGHT * scale))


def load(sample_type=dict, interval=1, **changes):
    results = dict(sample_id='a', frames=dots(), keypoints=points(), frame_interval=interval)
    return LoadKeypoints().transform(LoadFrames().transform(sample_type(results, **changes)))


def check_dots(results, *, flipped=False):
    """Each point lies in the pixel of its colour."""
    values, clip = results['keypoints'], results['imgs']
    assert len(values) == len(clip) == len(results['frame_indices'])
    assert tuple(results['image_size']) == (clip.shape[2], clip.shape[1])
    for frame, pair in zip(clip, values):
        for channel, (x, y, _) in enumerate(pair[::-1] if flipped else pair):
            assert frame[int(y), int(x), channel] == 255


@pytest.mark.parametrize('sample_type', [dict, PlannedSample])
def test_points_follow_the_frames(sample_type):
    check_dots(load(sample_type))
    check_dots(load(sample_type, keypoints=points(scale=4)))  # found in larger pictures
    cut = [dict(type='RandomCrop', size=(12, 20)), dict(type='RandomFrames', multiple_of=1)]
    for seed in range(6):
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        results = load(sample_type, interval=1 + seed % 2)
        for step in cut:
            results = TRANSFORMS.build(step).transform(results)
        check_dots(results)
    for size in ((10, 18), (40, 40)):  # smaller, and padded
        check_dots(TRANSFORMS.build(dict(type='RandomCrop', size=size)).transform(load(sample_type)))
    flip = TRANSFORMS.build(dict(type='RandomHorizontalFlip', prob=1.0))
    check_dots(flip.transform(load(sample_type)), flipped=True)
    resized = TRANSFORMS.build(dict(type='Resize', scale=0.5)).transform(load(sample_type))
    assert resized['image_size'] == (12, 8)
    np.testing.assert_allclose(resized['keypoints'][..., :2], points().values[..., :2] / 2)


def test_a_point_that_was_not_found_stays_where_it_is():
    lost = points()
    lost.values[:, 0] = 0
    results = TRANSFORMS.build(dict(type='CenterCrop', size=12)).transform(load(keypoints=lost))
    assert not results['keypoints'][:, 0].any()
    assert (results['keypoints'][:, 1, 0] == 15.5 - 6).all()


def test_both_media_are_packed_by_name():
    packed = PackSignInputs().transform(load())
    shapes = {medium: tuple(tensor.shape) for medium, tensor in packed['inputs'].items()}
    assert shapes == {'frames': (FRAMES, 3, HEIGHT, WIDTH), 'keypoints': (FRAMES, 2, 3)}
    assert packed['data_samples'].image_size == (WIDTH, HEIGHT)


def test_what_cannot_be_done_to_both_is_an_error():
    with pytest.raises(DataError, match='frame 5 was read, but keypoints are of 4 frames only'):
        load(keypoints=points(count=4))
    with pytest.raises(ConfigError, match='RandomRotation: keypoints are beside the frames'):
        TRANSFORMS.build(dict(type='RandomRotation', degrees=5)).transform(load())
