"""From videos of one's own to their glosses: what the network saw travels in its checkpoint."""

from pathlib import Path

import numpy as np
import pytest
from own_recordings import film, prepare_custom

from cslrkit.apis import CSLRInferencer
from cslrkit.apis.infer import frame_spec
from cslrkit.apis.run import train_model
from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError
from cslrkit.registry import DATASETS


@pytest.fixture(scope='module')
def recordings(tmp_path_factory):
    """A table of recordings of 25 and 50 frames a second, prepared."""
    root = tmp_path_factory.mktemp('own')
    film(root / 'slow.avi', 50, rate=25.0)
    film(root / 'fast.avi', 100, rate=50.0)
    (root / 'own.csv').write_text('id,video,glosses,split\nslow,slow.avi,A B,train\nfast,fast.avi,B A,train\n')
    prepare_custom(root / 'own.csv', resize=(112, 112), workers=1)
    return root


@pytest.fixture(scope='module')
def own_config(recordings, tiny_config):
    """A config that trains on them for one step."""
    own = dict(corpus='custom', data_root=str(recordings), val_dataloader=None, val_cfg=None, val_evaluator=None)
    return load_config(tiny_config, {**own, 'train_cfg.max_epochs': 1})


@pytest.fixture(scope='module')
def checkpoint(own_config, tmp_path_factory):
    """Its checkpoint."""
    return Path(train_model(own_config, tmp_path_factory.mktemp('work')).work_dir, 'epoch_1.pth')


def test_a_checkpoint_brings_videos_to_what_it_was_trained_on(checkpoint, recordings):
    inferencer = CSLRInferencer(checkpoint, device='cpu')
    assert (inferencer.spec.size, inferencer.spec.frame_rate) == ((112, 112), 25.0)
    slow, fast = inferencer([str(recordings / f'{name}.avi') for name in ('slow', 'fast')], keep_log_probs=True)
    assert (slow.frame_rate, fast.frame_rate) == (25.0, 50.0)
    assert slow.log_probs.shape == fast.log_probs.shape  # two seconds each


def test_a_config_beside_the_checkpoint_need_not_say_it(checkpoint, own_config):
    assert 'frame_size' not in own_config
    spec = CSLRInferencer(own_config, checkpoint, device='cpu').spec
    assert (spec.size, spec.frame_rate) == ((112, 112), 25.0)
    own_config = own_config.copy()
    own_config.frame_rate = 12.5
    assert CSLRInferencer(own_config, checkpoint, device='cpu').spec.frame_rate == 12.5


@pytest.mark.slow
def test_tools_take_the_checkpoint_without_options(checkpoint, recordings, run_tool, tmp_path):
    done = run_tool('infer.py', recordings / 'fast.avi', '--checkpoint', checkpoint)
    assert done.stdout.startswith(f'{recordings / "fast.avi"}: 100 frames, 50 frames/s')
    run_tool('visualize/cam.py', recordings / 'fast.avi', '--checkpoint', checkpoint, '--out', tmp_path)
    run_tool('live.py', recordings / 'fast.avi', '--checkpoint', checkpoint, '--fast')


def test_a_config_may_say_it(tiny_config):
    own = load_config(tiny_config, {'corpus': 'custom', 'frame_size': [64, 48], 'frame_rate': 30})
    assert (frame_spec(own).size, frame_spec(own).frame_rate) == ((64, 48), 30.0)
    assert frame_spec(own, frame_size=(32, 32), frame_rate=None).size == (32, 32)
    own.frame_size = 'large'
    with pytest.raises(ConfigError, match="frame_size: got 'large', expected one number or"):
        frame_spec(own)


def test_a_dataset_says_what_its_corpus_does_not(recordings, tiny_config):
    dataset = dict(type='CSLRDataset', corpus='custom', data_root=str(recordings), split='train')
    assert DATASETS.build(dataset).seen_input() == dict(frame_size=[112, 112], frame_rate=25.0)
    assert DATASETS.build(dict(dataset, frame_rate=12.5)).seen_input()['frame_rate'] == 12.5
    assert DATASETS.build(load_config(tiny_config).test_dataloader.dataset).seen_input() == {}
    info = recordings / 'preprocess/train_info.npy'
    entries = np.load(info, allow_pickle=True).item()
    entries[1]['frame_rate'] = 50.0
    np.save(recordings / 'preprocess/dev_info.npy', entries)
    assert 'frame_rate' not in DATASETS.build(dict(dataset, split='dev')).seen_input()
