"""Crops, flips and resampling of frames."""

import random

import numpy as np
import pytest
from made_clips import apply, clip
from PIL import Image

from cslrkit.datasets.transforms import (
    CenterCrop,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResize,
    RandomRotation,
    Resize,
)
from cslrkit.errors import DataError

# --- crops and flips -----------------------------------------------------------------------------


def test_random_crop_draws_left_then_top():
    imgs = clip(height=8, width=10)
    for seed in range(10):
        random.seed(seed)
        left, top = random.randint(0, 10 - 6), random.randint(0, 8 - 4)
        following = random.random()
        random.seed(seed)
        got = apply(RandomCrop((4, 6)), imgs)
        assert random.random() == following
        assert np.array_equal(got, imgs[:, top : top + 4, left : left + 6])


def test_random_crop_draws_for_equal_sizes():
    random.seed(1)
    random.randint(0, 0), random.randint(0, 0)
    following = random.random()
    random.seed(1)
    imgs = clip(height=8, width=8)
    assert np.array_equal(apply(RandomCrop(8), imgs), imgs)
    assert random.random() == following


def test_random_crop_pads_a_small_frame_without_drawing():
    imgs = clip(height=3, width=4)
    state = random.getstate()
    got = apply(RandomCrop((6, 5)), imgs)
    assert random.getstate() == state
    # Height: 3 rows lack, 1 above and 2 below. Width: 1 column lacks, 0 left and 1 right.
    assert np.array_equal(got[:, 1:4, :4], imgs)
    assert got.sum() == imgs.sum()
    assert got.shape == (2, 6, 5, 3)


def test_random_crop_pads_one_axis_and_draws_for_the_other():
    imgs = clip(height=8, width=4)
    random.seed(5)
    top = random.randint(0, 8 - 6)
    random.seed(5)
    got = apply(RandomCrop(6), imgs)
    assert np.array_equal(got[:, :, 1:5], imgs[:, top : top + 6])
    assert not got[:, :, 0].any()
    assert not got[:, :, 5].any()


@pytest.mark.parametrize(
    ('height', 'crop', 'top', 'kept'),
    [
        (8, 4, 2, 4),
        (5, 4, 0, 4),  # 0.5 rounds to 0
        (7, 4, 2, 4),  # 1.5 rounds to 2
        (9, 4, 2, 4),  # 2.5 rounds to 2
        (4, 4, 0, 4),
        (3, 4, 0, 3),  # never larger than the frame, and no padding
    ],
)
def test_center_crop_rounds_half_to_even(height, crop, top, kept):
    imgs = clip(height=height, width=6)
    assert np.array_equal(apply(CenterCrop((crop, 6)), imgs), imgs[:, top : top + kept])
    turned = imgs.transpose(0, 2, 1, 3)
    assert np.array_equal(apply(CenterCrop((6, crop)), turned), turned[:, :, top : top + kept])


def test_flip_draws_once():
    imgs = clip()
    outcomes = set()
    for seed in range(10):
        random.seed(seed)
        flipped = random.random() < 0.5
        following = random.random()
        random.seed(seed)
        got = apply(RandomHorizontalFlip(0.5), imgs)
        assert random.random() == following
        assert np.array_equal(got, imgs[:, :, ::-1] if flipped else imgs)
        outcomes.add(flipped)
    assert outcomes == {True, False}


# --- resampling ----------------------------------------------------------------------------------


@pytest.mark.parametrize('scale', [1, 1.0])
def test_resize_1_does_nothing(scale):
    imgs = clip()
    assert apply(Resize(scale), imgs) is imgs


@pytest.mark.parametrize(('scale', 'size'), [(0.5, (4, 5)), (0.3, (2, 3)), (6, (6, 6)), (12.9, (12, 12))])
def test_resize_is_pillows_default_per_frame(scale, size):
    imgs = clip(height=8, width=10)
    got = apply(Resize(scale), imgs)
    assert got.shape == (2, *size, 3)
    for one, frame in zip(got, imgs):
        assert np.array_equal(one, np.asarray(Image.fromarray(frame).resize((size[1], size[0]))))


def test_resize_that_leaves_no_pixel():
    with pytest.raises(DataError, match=r"sample 'a': scale 0.05 turns frames of 8x10 pixels into 0x0"):
        apply(Resize(0.05), clip(), sample_id='a')


def test_random_resize_draws_one_factor_for_the_clip():
    random.seed(3)
    factor = random.uniform(0.5, 1.5)
    random.seed(3)
    imgs = clip(height=8, width=10)
    got = apply(RandomResize(0.5, 'nearest'), imgs)
    assert got.shape == (2, int(8 * factor), int(10 * factor), 3)
    expected = Image.fromarray(imgs[1]).resize((int(10 * factor), int(8 * factor)), Image.Resampling.NEAREST)
    assert np.array_equal(got[1], np.asarray(expected))


def test_random_rotation_turns_counter_clockwise():
    imgs = clip(height=8, width=8)
    assert np.array_equal(apply(RandomRotation((90, 90)), imgs), np.rot90(imgs, axes=(1, 2)))


def test_random_rotation_draws_one_bilinear_angle():
    random.seed(3)
    angle = random.uniform(-20, 20)
    random.seed(3)
    imgs = clip()
    got = apply(RandomRotation(20), imgs)
    expected = Image.fromarray(imgs[1]).rotate(angle, Image.Resampling.BILINEAR)
    assert np.array_equal(got[1], np.asarray(expected))
