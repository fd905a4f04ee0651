"""Training a prior on crops of hands and face."""

import random

import numpy as np
import pytest
import torch
from small_datasets import write_noisy_corpus

from cslrkit.apis import train_model
from cslrkit.datasets import CSLRDataset, RegionCrops
from cslrkit.engine.checkpoint_io import LAST_RECORD, find_checkpoint
from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError, DataError
from cslrkit.models.priors import DiffusionPrior
from cslrkit.restoration.regions import find_regions


@pytest.fixture(scope='module')
def config(tiny_corpus):
    overrides = {
        'data_root': str(tiny_corpus),
        'train_cfg.max_epochs': 2,
        'train_dataloader.num_workers': 0,
        'train_dataloader.dataset.crops': 2,
        'model.channels': [8, 8],
    }
    return load_config('restoration/prior_synthsign.py', overrides)


def weights_of(runner):
    return {name: value.clone() for name, value in runner.bare_model.state_dict().items()}


def test_training_that_is_resumed_is_the_same(config, tmp_path):
    whole = train_model(config, tmp_path / 'whole')
    (tmp_path / 'whole' / 'epoch_2.pth').unlink()
    (tmp_path / 'whole' / LAST_RECORD).write_text('epoch_1.pth')
    resumed = train_model(config, tmp_path / 'whole', resume=True)
    expected, found = weights_of(whole), weights_of(resumed)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert find_checkpoint(tmp_path / 'whole', record=LAST_RECORD).name == 'epoch_2.pth'
    start = DiffusionPrior(channels=[8, 8]).state_dict()
    assert start.keys() == expected.keys()


def test_it_learns_to_take_noise_out():
    torch.manual_seed(0)
    prior = DiffusionPrior(16, (16, 16))
    images = torch.full((8, 3, 16, 16), 200, dtype=torch.uint8)
    optimizer = torch.optim.Adam(prior.parameters(), 3e-3)
    for _ in range(100):
        optimizer.zero_grad()
        loss = prior([images])['loss_v']
        loss.backward()
        optimizer.step()
    noisy = 0.8 * (images / 127.5 - 1) + 0.6 * torch.randn(8, 3, 16, 16)
    level = float(np.arcsin(0.6) / (np.pi / 2))
    with torch.no_grad():
        error = (prior.denoise(noisy, level) - (200 / 127.5 - 1)).abs().mean()
    assert error < 0.5 * (noisy / 0.8 - (200 / 127.5 - 1)).abs().mean()


def test_a_perfect_prediction_of_v_gives_the_clean_image():
    prior, clean, noise = DiffusionPrior(8, (8,)), torch.rand(2, 3, 8, 8) * 2 - 1, torch.randn(2, 3, 8, 8)
    cos, sin = np.cos(np.pi / 2 * 0.3), np.sin(np.pi / 2 * 0.3)
    prior.backbone.forward = lambda images, levels: cos * noise - sin * clean
    assert torch.allclose(prior.denoise(cos * clean + sin * noise, 0.3), clean, atol=1e-6)


def test_crops_are_of_the_regions(tiny_corpus):
    dataset = CSLRDataset(str(tiny_corpus), 'train', corpus='synthsign', keypoints=dict(type='StoredKeypoints'))
    crops = RegionCrops(dataset, ['face'], size=48, crops=5)
    random.seed(0)
    sample = crops[1]
    assert len(crops) == len(dataset)
    assert sample['inputs'].shape == (5, 3, 48, 48)
    assert sample['data_samples'].sample_id == dataset.sample_ids[1]
    frames = np.stack([frame.image for frame in dataset.clip(1).frames()])
    boxes = find_regions(frames, dataset.keypoint_reader.read(dataset.sample_ids[1]), ['face'])
    left, top, right, bottom = boxes[0]['face']
    face = frames[0, top:bottom, left:right].reshape(-1, 3).mean(0)
    assert np.abs(sample['inputs'].float().mean((0, 2, 3)).numpy() - face).max() < 40


def test_a_clip_without_regions_gives_crops_from_anywhere(tmp_path, monkeypatch):
    write_noisy_corpus(tmp_path, [3])
    monkeypatch.setattr('cslrkit.datasets.region_crops.find_regions', lambda frames, *_: [{}] * len(frames))
    dataset = RegionCrops(dict(type='CSLRDataset', data_root=str(tmp_path), split='train', frame_subdir='.'), size=16)
    assert dataset[0]['inputs'].shape == (16, 3, 16, 16)


def test_mistakes(tmp_path, config):
    write_noisy_corpus(tmp_path, [3], size=(20, 36))
    inner = dict(type='CSLRDataset', data_root=str(tmp_path), split='train', frame_subdir='.')
    with pytest.raises(DataError, match=r"sample 's0': got frames of 36x20 pixels, expected at least 32x32"):
        RegionCrops(inner, size=32)[0]
    with pytest.raises(ConfigError, match='got a RegionCrops, expected a CSLRDataset'):
        RegionCrops(RegionCrops(inner))
    with pytest.raises(ConfigError, match='expected a multiple of 8 pixels'):
        DiffusionPrior(20, (8, 8, 8))
    with pytest.raises(ConfigError, match='multiples of 8, one a scale'):
        DiffusionPrior(16, (8, 12))
    with pytest.raises(ConfigError, match="got mode 'predict'"):
        DiffusionPrior(16, (8,))([], mode='predict')


def test_the_tool_trains_priors_alone(run_tool):
    done = run_tool('train_prior.py', 'slowfast/synthsign.py', check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "error: model: got 'CSLRRecognizer', expected 'DiffusionPrior'. tools/train.py trains a recognizer.\n"
    )
