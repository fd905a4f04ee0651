"""Readers of features: what they give and what they refuse."""

import json

import numpy as np
import pytest
from feature_files import COUNTS, read_features, rows_of, write_corpus

from cslrkit.datasets.features import FeatureRows
from cslrkit.datasets.features.extracted import FORMAT, write_rows
from cslrkit.errors import ConfigError, DataError, DataNotFoundError

EXTRACTED = dict(type='ExtractedFeatures', path='rows')


def write_extracted(root, names=COUNTS, **changes):
    folder = root / 'rows'
    (folder / 'train').mkdir(parents=True, exist_ok=True)
    index = dict(format=FORMAT, complete=True, copies=0, samples=[*names], **changes)
    (folder / 'train.json').write_text(json.dumps(index))
    for place, name in enumerate(names):
        rows = np.pad(rows_of(name), ((1, 2), (0, 0)), mode='edge')
        with (folder / 'train' / f'{place:06d}.npz').open('wb'):
            write_rows(folder / 'train' / f'{place:06d}.npz', FeatureRows(rows, np.arange(1, COUNTS[name] + 1), (1, 2)))


def test_extracted_features_come_with_padding_and_frames(tmp_path):
    write_corpus(tmp_path)
    write_extracted(tmp_path)
    packed = read_features(tmp_path, EXTRACTED)[1]
    np.testing.assert_array_equal(packed['inputs'][1:-2].numpy(), rows_of('b'))
    sample = packed['data_samples']
    assert sample.sample_id == 'b'
    assert sample.padding == (1, 2)
    assert sample.clip_len == COUNTS['b']
    assert sample.frame_indices == tuple(range(1, COUNTS['b'] + 1))


def test_frames_need_not_be_there_and_are_not_read(tmp_path):
    write_corpus(tmp_path)
    write_extracted(tmp_path)
    sample = read_features(tmp_path, EXTRACTED, pipeline=[])[0]
    assert 'frames' not in sample
    assert sample['features'].sample_id == 'a'


def test_a_sample_without_features_is_named(tmp_path):
    write_corpus(tmp_path)
    write_extracted(tmp_path, ['a', 'c'])
    with pytest.raises(DataError, match=r'1 of 3 samples have no features: b. There are those of 2 samples: a, c'):
        read_features(tmp_path, EXTRACTED)


def test_values_that_are_not_finite_are_refused(tmp_path):
    write_corpus(tmp_path)
    write_extracted(tmp_path)
    values = np.full((12, 4), np.nan, np.float32)
    write_rows(tmp_path / 'rows/train/000000.npz', FeatureRows(values, np.arange(12)))
    with pytest.raises(DataError, match=r"sample 'a': its features have values that are not finite"):
        read_features(tmp_path, EXTRACTED)[0]


@pytest.mark.parametrize('content', [b'PK nothing', b'PK\x03\x04 cut', b''])
def test_a_damaged_file_is_named(tmp_path, content):
    write_corpus(tmp_path)
    write_extracted(tmp_path)
    (tmp_path / 'rows/train/000000.npz').write_bytes(content)
    with pytest.raises(DataError, match=r"sample 'a': '.*000000.npz' cannot be read"):
        read_features(tmp_path, EXTRACTED)[0]


def test_a_folder_that_is_not_there(tmp_path):
    write_corpus(tmp_path)
    with pytest.raises(DataNotFoundError, match=r"train.json' does not exist. Extracted splits in .*: none"):
        read_features(tmp_path, EXTRACTED)


def test_an_index_of_another_format(tmp_path):
    write_corpus(tmp_path)
    write_extracted(tmp_path)
    (tmp_path / 'rows/train.json').write_text('{"format": "other"}')
    with pytest.raises(DataError, match=r"is no index of the format 'cslrkit features 1'"):
        read_features(tmp_path, EXTRACTED)


def test_frame_interval_is_no_business_of_rows(tmp_path):
    write_corpus(tmp_path)
    write_extracted(tmp_path)
    with pytest.raises(ConfigError, match=r'got frame_interval=2 with features, expected 1'):
        read_features(tmp_path, EXTRACTED, frame_interval=2)
