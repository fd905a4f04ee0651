"""What data consistency needs: pseudo-inverses, adjoints, proximal steps, and JPEG's projection."""

import io

import numpy as np
import pytest
from PIL import Image

from cslrkit.errors import ConfigError, DataError
from cslrkit.restoration import JPEG, Compose, Downsample, GaussianBlur, MotionBlur, NeighbourMean, Noise

CLOSED = {
    'motion': MotionBlur(5, 30),
    'long motion': MotionBlur(12, 100),
    'gaussian': GaussianBlur(1.5),
    'neighbors': NeighbourMean(1),
    'many neighbors': NeighbourMean(3),
    'downsample': Downsample(3),
    'noise': Noise(5),
}
LINEAR = {
    **CLOSED,
    'composition': Compose([NeighbourMean(1), GaussianBlur(0.7), Downsample(2)]),
}


def random_clip(shape=(5, 12, 18, 3), seed=0):
    return np.random.default_rng(seed).uniform(0, 255, shape)


@pytest.mark.parametrize('name', LINEAR)
@pytest.mark.parametrize('seed', [0, 1, 2])
def test_what_is_observed_of_the_pseudo_inverse_is_what_was_observed(name, seed):
    degradation = LINEAR[name]
    observed = degradation.A(random_clip(seed=seed))
    again = degradation.A(degradation.pseudo_inverse(observed))
    assert np.abs(again - observed).max() < 1e-8


@pytest.mark.parametrize('name', CLOSED)
def test_in_single_precision(name):
    degradation = CLOSED[name]
    observed = degradation.A(random_clip().astype(np.float32))
    again = degradation.A(degradation.pseudo_inverse(observed))
    assert again.dtype == np.float32
    assert np.abs(again - observed).max() < 0.02


@pytest.mark.parametrize('name', LINEAR)
def test_adjoint(name):
    x = random_clip()
    y = random_clip(LINEAR[name].A(x).shape, seed=1)
    assert np.vdot(LINEAR[name].A(x), y) == pytest.approx(np.vdot(x, LINEAR[name].adjoint(y)))


def matrix_of(degradation, shape):
    """The matrix of A, column by column."""
    columns = []
    for place in range(int(np.prod(shape))):
        x = np.zeros(shape)
        x.flat[place] = 1
        columns.append(degradation.A(x).ravel())
    return np.stack(columns, 1)


SMALL = (3, 6, 6, 3)


@pytest.mark.parametrize('name', LINEAR)
def test_proximal_step_is_that_of_a_least_squares_solver(name):
    degradation, rho = LINEAR[name], 0.3
    matrix = matrix_of(degradation, SMALL)
    z = random_clip(SMALL)
    y = random_clip(degradation.A(z).shape, seed=1)
    # ||A x - y||^2 + rho ||x - z||^2 is one sum of squares of stacked equations.
    stacked = np.concatenate([matrix, np.sqrt(rho) * np.eye(z.size)])
    expected = np.linalg.lstsq(stacked, np.concatenate([y.ravel(), np.sqrt(rho) * z.ravel()]), rcond=None)[0]
    assert degradation.proximal(z, y, rho).ravel() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize('name', CLOSED)
def test_pseudo_inverse_is_that_of_the_matrix(name):
    degradation = CLOSED[name]
    y = random_clip(degradation.A(random_clip(SMALL)).shape, seed=1)
    expected = np.linalg.pinv(matrix_of(degradation, SMALL), rcond=1e-9) @ y.ravel()
    assert degradation.pseudo_inverse(y).ravel() == pytest.approx(expected, abs=1e-6)


def test_a_range_has_no_pseudo_inverse():
    with pytest.raises(ConfigError, match=r'length: MotionBlur: data consistency needs one length, got the range'):
        MotionBlur((3, 9), 0).pseudo_inverse(random_clip())


def test_a_composition_with_jpeg_has_no_operator():
    with pytest.raises(ConfigError, match='Compose: JPEG is not linear'):
        Compose([Noise(), JPEG()]).A(random_clip())


def test_downsample_of_other_sizes():
    with pytest.raises(DataError, match='got frames of 12x18 pixels, expected multiples of factor 5'):
        Downsample(5).A(random_clip())


# --- JPEG ----------------------------------------------------------------------------------------


def smooth_frame(height=48, width=64):
    rows, columns = np.mgrid[:height, :width]
    colors = [120 + 60 * np.sin(columns / 9), 128 + 50 * np.cos(rows / 7), 110 + 40 * np.sin((rows + columns) / 11)]
    return np.rint(np.stack(colors, -1)).astype(np.uint8)


def pillow(frame, quality):
    file = io.BytesIO()
    Image.fromarray(frame).save(file, 'JPEG', quality=quality, subsampling=0)
    return Image.open(file)


@pytest.mark.parametrize('quality', [1, 10, 49, 50, 75, 95, 100])
def test_tables_are_those_of_an_encoder(quality):
    image, tables = pillow(smooth_frame(), quality), JPEG(quality).tables()
    assert tables[0].tolist() == list(image.quantization[0])
    assert tables[1].tolist() == tables[2].tolist() == list(image.quantization[1])


@pytest.mark.parametrize(('quality', 'height', 'width'), [(10, 48, 64), (50, 48, 64), (85, 48, 64), (50, 45, 59)])
def test_degraded_frames_are_those_of_an_encoder(quality, height, width):
    frame = smooth_frame(height, width)
    degraded = JPEG(quality).apply(frame[None], np.random.default_rng(0))[0]
    difference = np.abs(degraded.astype(int) - np.asarray(pillow(frame, quality)))
    assert difference.mean() < 0.7  # an encoder rounds colors, too
    assert np.abs(degraded.astype(int) - frame).mean() > 0


@pytest.mark.parametrize('quality', [5, 30, 75, 95])
@pytest.mark.parametrize('seed', [0, 1])
def test_a_projected_clip_compresses_to_what_was_observed(quality, seed):
    jpeg, size = JPEG(quality), (2, 16, 24, 3)
    observed = jpeg.apply(random_clip(size, seed).astype(np.uint8), np.random.default_rng(0))
    x = random_clip(size, seed + 10)
    projected = jpeg.project(x, observed)
    assert not np.array_equal(jpeg.coefficients(x), jpeg.coefficients(observed))
    assert np.array_equal(jpeg.coefficients(projected), jpeg.coefficients(observed))
    # What is consistent stays.
    assert np.abs(jpeg.project(projected, observed) - projected).max() < 1e-9


@pytest.mark.parametrize('quality', [10, 50, 75])
def test_a_clip_is_consistent_with_its_own_compression(quality):
    clip, jpeg = smooth_frame()[None].astype(np.float64), JPEG(quality)
    observed = jpeg.apply(clip.astype(np.uint8), np.random.default_rng(0))
    assert np.array_equal(jpeg.coefficients(observed.astype(np.float64)), jpeg.coefficients(clip))


def test_projection_needs_whole_blocks_of_one_shape():
    with pytest.raises(DataError, match='JPEG: got frames of 12x18 pixels, expected multiples of 8'):
        JPEG().project(random_clip(), random_clip())
    with pytest.raises(DataError, match='expected the same'):
        JPEG().project(random_clip((1, 8, 8, 3)), random_clip((2, 8, 8, 3)))


@pytest.mark.parametrize('quality', [10, 50, 75])
def test_coefficients_of_an_encoders_file_are_unambiguous(quality):
    # A decoder gives multiples of the steps, apart from rounding: far from the middle between two multiples, rounding
    # finds the file's own. Of quality 100 every step is 1, so its coefficients are those before quantization.
    decoded = np.asarray(pillow(smooth_frame(), quality))[None]
    multiples = JPEG(100).coefficients(decoded) / JPEG(quality).tables()
    assert np.abs(multiples - np.rint(multiples)).max() < 0.35
    assert np.array_equal(np.rint(multiples), JPEG(quality).coefficients(decoded))
