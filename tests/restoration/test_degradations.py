"""What degradations do to clips."""

import numpy as np
import pytest

from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import DEGRADATIONS
from cslrkit.restoration import Compose, Downsample, GaussianBlur, MotionBlur, NeighbourMean, Noise

ALL = {
    'MotionBlur': dict(length=5, angle=30),
    'GaussianBlur': dict(sigma=1.2),
    'NeighbourMean': dict(radius=1),
    'Downsample': dict(factor=3),
    'Noise': dict(sigma=8),
    'JPEG': dict(quality=20),
    'Compose': dict(degradations=[dict(type='GaussianBlur'), dict(type='JPEG')]),
}
RANGES = {
    'MotionBlur': dict(length=(2, 9)),
    'GaussianBlur': dict(sigma=(0.5, 3.0)),
    'NeighbourMean': dict(radius=(0, 3)),
    'Downsample': dict(factor=(1, 5)),
    'Noise': dict(sigma=(1, 30)),
    'JPEG': dict(quality=(5, 95)),
    'Compose': dict(degradations=[dict(type='Noise', sigma=(1, 30))]),
}


def generator(seed=0):
    return np.random.default_rng(seed)


def made_clip(frames=5, height=14, width=19):
    return generator(7).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def test_every_degradation_is_tested():
    DEGRADATIONS.import_from_location()
    own = {name for name, cls in DEGRADATIONS.module_dict.items() if cls.__module__.startswith('cslrkit.')}
    assert own == ALL.keys() == RANGES.keys()


@pytest.mark.parametrize('name', ALL)
def test_shape_and_dtype_stay_and_the_clip_is_left_alone(name):
    degradation, clip = DEGRADATIONS.build(dict(type=name, **ALL[name])), made_clip()
    before = clip.copy()
    for dtype in (np.uint8, np.float32, np.float64):
        degraded = degradation.apply(clip.astype(dtype), generator())
        assert (degraded.shape, degraded.dtype) == (clip.shape, dtype)
        assert np.abs(degraded.astype(float) - clip).mean() > 1
    assert np.array_equal(clip, before)


@pytest.mark.parametrize('name', ALL)
def test_what_is_applied_to_bytes_is_what_is_applied_to_numbers(name):
    degradation, clip = DEGRADATIONS.build(dict(type=name, **ALL[name])), made_clip()
    exact = degradation.apply(clip.astype(np.float64), generator())
    assert np.abs(degradation.apply(clip, generator()) - np.clip(exact, 0, 255)).max() <= 0.5 + 1e-3


@pytest.mark.parametrize('name', RANGES)
def test_a_range_is_drawn_from_for_each_clip(name):
    degradation, clip = DEGRADATIONS.build(dict(type=name, **RANGES[name])), made_clip()
    first, again, *others = (degradation.apply(clip, generator(seed)) for seed in (1, 1, 2, 3, 4))
    assert np.array_equal(first, again)
    assert any(not np.array_equal(first, other) for other in others)


def test_strengths_are_drawn_from_their_ranges_with_both_ends():
    drawn = [MotionBlur(length=(3, 5), angle=(-10.0, 10.0)).drawn(generator(seed)) for seed in range(40)]
    assert {blur.length for blur in drawn} == {3, 4, 5}
    angles = [blur.angle for blur in drawn]
    assert -10 <= min(angles) < -5 < 5 < max(angles) <= 10


def point(height=7, width=9):
    clip = np.zeros((1, height, width, 3))
    clip[0, 3, 4] = 60.0
    return clip


def test_motion_blur_spreads_a_point_along_its_line():
    # 60 over 5 pixels: 12 each. Horizontal at 0 and 180 degrees, vertical at 90.
    for angle, cut in ((0, np.s_[0, 3, 2:7, 0]), (180, np.s_[0, 3, 2:7, 0]), (90, np.s_[0, 1:6, 4, 0])):
        blurred = MotionBlur(5, angle).apply(point(), generator())
        assert blurred[cut] == pytest.approx(12)
        assert blurred[..., 0].sum() == pytest.approx(60)


def test_motion_blur_counts_degrees_counter_clockwise():
    blurred = MotionBlur(5, 45).apply(point(), generator())[0, ..., 0]
    assert blurred[2, 5] > 5  # above and to the right
    assert blurred[2, 3] == pytest.approx(0, abs=0.1)  # frequencies that are lost leave a little


def test_motion_blur_of_one_pixel_changes_nothing():
    clip = made_clip()
    assert np.array_equal(MotionBlur(1).apply(clip, generator()), clip)


def test_blur_wraps_around_and_keeps_the_mean():
    for blur in (MotionBlur(9, 20), GaussianBlur(4.0)):  # the Gaussian is wider than the frame
        clip = made_clip().astype(np.float64)
        assert blur.A(clip).mean((1, 2)) == pytest.approx(clip.mean((1, 2)))
    assert MotionBlur(3, 0).A(np.roll(point(), 4, 2))[0, 3, [7, 8, 0], 0] == pytest.approx([20, 20, 20])


def test_neighbour_mean_by_hand():
    clip = np.zeros((4, 1, 1, 3)) + np.array([0.0, 6, 12, 60])[:, None, None, None]
    # At the ends two frames: (0 + 6) / 2 and (12 + 60) / 2; between three.
    assert NeighbourMean(1).A(clip)[:, 0, 0, 0] == pytest.approx([3, 6, 26, 36])


def test_downsample_by_hand():
    clip = np.zeros((1, 2, 4, 3)) + np.array([[0.0, 4, 10, 10], [8, 0, 30, 10]])[None, ..., None]
    assert Downsample(2).A(clip)[0, 0, :, 0] == pytest.approx([3, 15])
    assert Downsample(2).apply(clip, generator())[0, :, :, 0].tolist() == [[3, 3, 15, 15], [3, 3, 15, 15]]


def test_noise_has_its_deviation():
    noisy = Noise(20).apply(np.full((4, 40, 40, 3), 128.0), generator())
    assert noisy.std() == pytest.approx(20, rel=0.05)
    assert noisy.mean() == pytest.approx(128, abs=1)


def test_composition_applies_in_order():
    parts = [Downsample(2), MotionBlur(3, 0)]
    clip = made_clip(height=8, width=8).astype(np.float64)
    expected = parts[1].apply(parts[0].apply(clip, generator()), generator())
    assert np.allclose(Compose(parts).apply(clip, generator()), expected)


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (
            dict(type='MotionBlur', length=0),
            r'length: got 0, expected a whole number from 1 on, or \(lowest, highest\)',
        ),
        (dict(type='MotionBlur', length=2.5), 'length: got 2.5'),
        (dict(type='MotionBlur', angle='left'), "angle: got 'left'"),
        (dict(type='GaussianBlur', sigma=(3, 1)), r'sigma: got \(3, 1\)'),
        (dict(type='GaussianBlur', sigma=float('inf')), 'sigma: got inf'),
        (dict(type='JPEG', quality=101), 'quality: got 101, expected a whole number from 1 to 100'),
        (dict(type='Noise', sigma=True), 'sigma: got True'),
        (dict(type='NeighbourMean', radius=(1, 2, 3)), 'radius: got'),
        (dict(type='Compose', degradations=[]), r'degradations: got \[\]'),
        (
            dict(type='Compose', degradations=[dict(type='Noise'), dict(type='JPEG', quality=0)]),
            r'degradations\[1\].quality: got 0',
        ),
        (dict(type='MotionBlurr'), "Did you mean 'MotionBlur'"),
    ],
)
def test_wrong_arguments(config, message):
    with pytest.raises(ConfigError, match=message):
        DEGRADATIONS.build(config)


def test_what_is_no_clip():
    with pytest.raises(DataError, match=r'Noise: got the shape \(4, 5, 3\), expected a clip'):
        Noise().apply(np.zeros((4, 5, 3)), generator())
