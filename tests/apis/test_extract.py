"""Features that are extracted once give what frames give, whoever extracts them."""

import json

import numpy as np
import pytest
import torch

from cslrkit.apis import evaluate_model, extract_features, init_recognizer
from cslrkit.datasets.features.extracted import read_rows
from cslrkit.datasets.seeded_dataset import build_loader
from cslrkit.engine.complete import select_split
from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.registry import DATASETS
from cslrkit.visualization.cam_pictures import clip_images

STREAMS = dict(slow=dict(channels=1024, stride=2), fast=dict(channels=512))
OPTIONS = dict(device='cpu', workers=0)


@pytest.fixture(scope='module')
def config(tiny_config):
    return load_config(tiny_config)


@pytest.fixture(scope='module')
def extracted(config, untrained_checkpoint, tmp_path_factory):
    """Features of dev, plain, and of train, with a copy."""
    out = tmp_path_factory.mktemp('features')
    extract_features(config, untrained_checkpoint, out, split='dev', **OPTIONS)
    extract_features(config, untrained_checkpoint, out, split='train', copies=1, **OPTIONS)
    return out


@pytest.fixture(scope='module')
def feature_config(extracted, tiny_corpus):
    overrides = {'data_root': str(tiny_corpus), 'features.path': str(extracted), 'model.neck.hidden_size': 32}
    overrides.update({f'{name}_dataloader.batch_size': 2 for name in ('train', 'val', 'test')})
    return load_config('features/synthsign.py', overrides)


def log_probs_of(config, checkpoint):
    model, config = init_recognizer(checkpoint, config, device='cpu')
    found = {}
    for data in build_loader(select_split(config, 'dev').test_dataloader, 0, training=False):
        with torch.no_grad():
            encoded = model.encode(**model.data_preprocessor(data))
        for sample, row, length in zip(encoded.data_samples, encoded.log_probs['seq/main'], encoded.feat_lens):
            found[sample.sample_id] = row[:length]
        model.add_hyps([encoded])
        found.update({f'{s.sample_id} spans': s.hyps['seq/main'].frame_spans for s in encoded.data_samples})
    return found


def test_features_give_the_log_probabilities_and_spans_of_frames(config, feature_config, untrained_checkpoint):
    assert dict(feature_config.model.backbone.streams) == STREAMS
    frames, features = (log_probs_of(each, untrained_checkpoint) for each in (config, feature_config))
    assert frames.keys() == features.keys()
    assert len(frames) == 2 * 3
    for name, expected in frames.items():
        if name.endswith('spans'):
            assert features[name] == expected
        else:
            assert expected.std() > 0.1
            torch.testing.assert_close(features[name], expected, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_a_test_scores_features_as_frames(config, feature_config, untrained_checkpoint, tmp_path):
    found = [
        evaluate_model(each, untrained_checkpoint, split='dev', work_dir=tmp_path) for each in (config, feature_config)
    ]
    assert found[0] == found[1]
    assert found[0]['wer'] > 0


def test_several_processes_write_what_one_writes(config, untrained_checkpoint, extracted, tmp_path, monkeypatch):
    monkeypatch.setenv('WORLD_SIZE', '2')
    for rank in (1, 0):
        monkeypatch.setenv('RANK', str(rank))
        extract_features(config, untrained_checkpoint, tmp_path, split='dev', **OPTIONS)
        assert json.loads((tmp_path / 'dev.json').read_text())['complete'] == (rank == 0)
    assert_same_files(tmp_path, extracted, 'dev')


def assert_same_files(one, other, split):
    files = sorted(path.name for path in (one / split).iterdir())
    assert files == sorted(path.name for path in (other / split).iterdir())
    assert files
    for name in files:
        ours, theirs = (read_rows(folder / split / name) for folder in (one, other))
        np.testing.assert_array_equal(ours.values, theirs.values)
        np.testing.assert_array_equal(ours.frame_indices, theirs.frame_indices)
        assert ours.padding == theirs.padding


def test_a_stopped_extraction_goes_on(config, untrained_checkpoint, extracted, tmp_path, monkeypatch):
    monkeypatch.setenv('WORLD_SIZE', '2')  # the other process ended early
    extract_features(config, untrained_checkpoint, tmp_path, split='dev', **OPTIONS)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / 'dev').iterdir()}
    assert len(times) == 2
    with pytest.raises(DataError, match=r'not finished'):
        DATASETS.build(
            dict(
                select_split(config, 'dev').test_dataloader.dataset,
                frame_interval=1,
                features=dict(type='ExtractedFeatures', path=str(tmp_path)),
            )
        )
    monkeypatch.delenv('WORLD_SIZE')
    extract_features(config, untrained_checkpoint, tmp_path, split='dev', **OPTIONS)
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())
    assert_same_files(tmp_path, extracted, 'dev')


def test_other_settings_are_refused(config, untrained_checkpoint, extracted):
    with pytest.raises(DataError, match=r'extraction with other streams, dtype. Choose another'):
        extract_features(
            config, untrained_checkpoint, extracted, split='dev', streams=['slow'], dtype='float16', **OPTIONS
        )


def test_a_stream_in_half_precision(config, untrained_checkpoint, extracted, tmp_path):
    specs = extract_features(
        config, untrained_checkpoint, tmp_path, split='dev', streams=['fast'], dtype='float16', **OPTIONS
    )
    half, full = (read_rows(folder / 'dev/000000.npz').values for folder in (tmp_path, extracted))
    assert [*specs] == ['fast']
    assert half.dtype == np.float16
    assert half.shape == (len(full), 512)
    np.testing.assert_allclose(half, full[:, 1024:], rtol=1e-3, atol=1e-4)
    with pytest.raises(ConfigError, match=r"streams: got 'slwo'.*Did you mean 'slow'"):
        extract_features(config, untrained_checkpoint, tmp_path, split='dev', streams=['slwo'], **OPTIONS)


def test_the_index_says_how_features_were_made(extracted, untrained_checkpoint):
    index = json.loads((extracted / 'train.json').read_text())
    assert index['checkpoint']['name'] == untrained_checkpoint.name
    assert len(index['checkpoint']['sha256']) == 64
    assert index['streams']['slow'] == dict(channels=1024, stride=2, pooled=False)
    assert [step['type'] for step in index['dataset']['pipeline']][1] == 'CenterCrop'
    assert [step['type'] for step in index['copied']['pipeline']][1] == 'RandomCrop'


def test_training_draws_copies(feature_config, extracted):
    settings = dict(feature_config.train_dataloader.dataset)
    pipeline = [dict(type='LoadFeatures', copies=True), dict(type='PackSignInputs')]
    dataset = DATASETS.build(dict(settings, pipeline=pipeline))
    stored = [read_rows(extracted / 'train' / f'000000{suffix}.npz').values for suffix in ('', '.copy1')]
    drawn = [dataset[0]['inputs'].numpy() for _ in range(20)]
    matches = [[np.array_equal(each, one) for one in stored] for each in drawn]
    assert all(sum(match) == 1 for match in matches)
    assert any(match[0] for match in matches)
    assert any(match[1] for match in matches)


def test_features_cannot_be_shown(feature_config):
    with pytest.raises(DataError, match=r'got inputs \(\d+, 1536\), expected frames to show'):
        clip_images(DATASETS.build(feature_config.val_dataloader.dataset)[0])


def test_a_split_that_was_not_extracted(feature_config):
    with pytest.raises(DataNotFoundError, match=r'Extracted splits in .*: dev, train. Extract it with'):
        DATASETS.build(feature_config.test_dataloader.dataset)
