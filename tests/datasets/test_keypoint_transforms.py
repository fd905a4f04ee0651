import numpy as np
import pytest

from cslrkit.datasets.transforms import CropFrames, RandomFrames
from cslrkit.errors import ConfigError


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
