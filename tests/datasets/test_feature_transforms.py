"""Transforms of the rows of features."""

import random

import numpy as np
import pytest
import torch

from cslrkit.datasets.features import FeatureRows
from cslrkit.datasets.transforms import FeatureNoise, PackSignInputs, TemporalRescale, TimeMasking
from cslrkit.errors import ConfigError, DataError
from cslrkit.models.feature_preprocessor import FeatureDataPreprocessor
from cslrkit.structures import SignDataSample
from cslrkit.structures.temporal_spec import TemporalSpec
from cslrkit.testing import check_transform


def sample(count=40, *, width=3, padding=(6, 10)):
    rows = np.random.default_rng(0).normal(size=(count + sum(padding), width)).astype(np.float32)
    return dict(
        sample_id='a', features=rows, padding=padding, frame_indices=np.arange(0, 2 * count, 2), clip_len=count,
        split='train', signer='', original_info='', glosses=('A',), gloss_ids=[1], frame_rate=25.0,
    )  # fmt: skip


def seed(number):
    random.seed(number)
    np.random.seed(number)


@pytest.mark.parametrize('name', ['FeatureNoise', 'TimeMasking'])
def test_keeps_the_contract_of_transforms(name):
    check_transform(name, sample=sample())


def test_rescaling_drops_or_repeats_rows_with_their_frames():
    lengths = set()
    for number in range(6):
        given = sample()
        clip = given['features'][6:-10]
        seed(number)
        found = TemporalRescale(0.5, min_len=4).transform(given)
        assert 'padding' not in found
        assert found['clip_len'] == 40
        np.testing.assert_array_equal(found['features'], clip[np.asarray(found['frame_indices']) // 2])
        lengths.add(len(found['features']))
    assert min(lengths) < 40 < max(lengths)


def test_rescaling_draws_as_it_does_for_frames():
    drawn = []
    for clip in (dict(features=np.zeros((40, 2))), dict(imgs=np.zeros((40, 4, 4, 3), np.uint8))):
        seed(1)
        drawn.append(TemporalRescale(0.5, min_len=4).transform(dict(clip, frame_indices=np.arange(40))))
    np.testing.assert_array_equal(drawn[0]['frame_indices'], drawn[1]['frame_indices'])


def test_noise_is_in_proportion_to_a_column():
    rows = np.random.default_rng(0).normal(size=(4000, 2)).astype(np.float32) * (1, 50)
    seed(0)
    added = FeatureNoise(0.1).transform(dict(features=rows.astype(np.float32)))['features'] - rows
    np.testing.assert_allclose(added.std(0), (0.1, 5.0), rtol=0.05)


def test_masks_are_stretches_of_the_mean_row():
    given = sample(padding=(0, 0))
    clip = given['features']
    seed(3)
    found = TimeMasking(1, max_len=6, max_fraction=1.0).transform(dict(given))['features']
    masked = np.flatnonzero((found != clip).any(1))
    assert 1 <= len(masked) <= 6
    assert (np.diff(masked) == 1).all()
    np.testing.assert_array_equal(found[masked], np.broadcast_to(clip.mean(0), (len(masked), 3)))


@pytest.mark.parametrize(
    ('build', 'message'),
    [
        (lambda: FeatureNoise(-1), 'FeatureNoise: std: got -1, expected a number from 0 on'),
        (lambda: TimeMasking(max_len=0), 'TimeMasking: max_len: got 0'),
        (lambda: TimeMasking(num_masks=1.5), 'num_masks: got 1.5, expected a whole number from 0 on'),
    ],
)
def test_wrong_arguments(build, message):
    with pytest.raises(ConfigError, match=message):
        build()


def test_rows_that_do_not_fit_their_frames():
    with pytest.raises(DataError, match=r'got 5 rows, of which 1 and 1 are padding, for 4 frames'):
        FeatureRows(np.zeros((5, 2)), np.arange(4), (1, 1))


def batch_of(clips, spec):
    data = [PackSignInputs().transform(clip) for clip in clips]
    data = dict(inputs=[each['inputs'] for each in data], data_samples=[each['data_samples'] for each in data])
    return FeatureDataPreprocessor(temporal_spec=spec)(data)


def test_a_batch_keeps_padding_that_is_right_and_replaces_any_other():
    spec = TemporalSpec(('K5', 'P2', 'K5', 'P2'))  # 6 rows on the left, whole steps of 4, 6 on the right
    right, wrong, none = sample(10, padding=(6, 8)), sample(12, padding=(2, 2)), sample(9, padding=(0, 0))
    rows = [clip['features'] for clip in (wrong, right, none)]
    batch = batch_of([right, wrong, none], spec)
    found = batch['inputs'].numpy()
    assert batch['frame_lens'].tolist() == [24, 24, 24]
    assert found.shape == (3, 24, 3)
    assert [each.clip_len for each in batch['data_samples']] == [12, 10, 9]
    np.testing.assert_array_equal(found[1], rows[1])
    for row, clip in ((found[0], rows[0][2:-2]), (found[2], rows[2])):
        np.testing.assert_array_equal(row[:6], np.broadcast_to(clip[0], (6, 3)))
        np.testing.assert_array_equal(row[6 : 6 + len(clip)], clip)
        np.testing.assert_array_equal(row[6 + len(clip) :], np.broadcast_to(clip[-1], (18 - len(clip), 3)))


def test_frames_are_no_features():
    data = dict(inputs=[torch.zeros(4, 3, 8, 8, dtype=torch.uint8)], data_samples=[SignDataSample.create('a', [1])])
    with pytest.raises(DataError, match=r'clip 0 is .4, 3, 8, 8. of torch.uint8, expected features'):
        FeatureDataPreprocessor()(data)
