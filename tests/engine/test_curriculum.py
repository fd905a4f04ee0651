"""A curriculum: each value follows from the epoch, wherever a sample is read and wherever a run was broken off."""

import json
import multiprocessing

import pytest
import torch

from cslrkit.apis import train_model
from cslrkit.datasets.curriculum import Curriculum
from cslrkit.datasets.seeded_dataset import SeededDataset
from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError

KNOBS = """
    dict(target='dataset.frame_interval', schedule=dict(type='Step', values={0: 3, 1: 2, 2: 1})),
    dict(target='sampler.max_quantile', schedule=dict(type='Step', values=[(0, 0.5), (2, 1.0)])),
    dict(target='sampler.order', schedule=dict(type='Step', values={0: 'ascending', 2: 'random'})),
    dict(target='pipeline.TemporalRescale.temp_scaling', schedule=dict(type='Linear', start=0.0, stop=0.2, end=2)),
    dict(target='loss.seq_ctc_main.weight', schedule=dict(type='Cosine', start=0.5, stop=1.0, end=2)),
"""


@pytest.fixture(scope='module')
def curriculum_config(tiny_config, tmp_path_factory):
    """Three epochs with a knob of every kind; the checkpoint of each is kept."""
    path = tmp_path_factory.mktemp('configs') / 'curriculum.py'
    path.write_text(
        f"""
_base_ = '{tiny_config}'
val_cfg, val_dataloader, val_evaluator = None, None, None
train_cfg = dict(max_epochs=3)
train_dataloader = dict(sampler=dict(_delete_=True, type='CurriculumSampler'))
default_hooks = dict(checkpoint=dict(interval=1, max_keep_ckpts=3, save_best=None), visualization=None)
curriculum = dict(knobs=[{KNOBS}])
"""
    )
    return path


def weights(work_dir):
    """Weights after the last epoch."""
    return torch.load(work_dir / 'epoch_3.pth', weights_only=True)['state_dict']


@pytest.fixture(scope='module')
def uninterrupted(curriculum_config, tmp_path_factory):
    """A training in one go, read by the process itself."""
    work_dir = tmp_path_factory.mktemp('uninterrupted')
    train_model(load_config(curriculum_config), work_dir, seed=5)
    return work_dir


@pytest.mark.slow
def test_persistent_workers_and_resuming_change_no_bit(curriculum_config, uninterrupted, tmp_path):
    workers = {'train_dataloader.num_workers': 2, 'train_dataloader.persistent_workers': True}
    train_model(load_config(curriculum_config, {**workers, 'train_cfg.max_epochs': 3}), tmp_path, seed=5)
    (tmp_path / 'epoch_3.pth').unlink()
    (tmp_path / 'last_checkpoint').write_text('epoch_1.pth')
    train_model(load_config(curriculum_config, workers), tmp_path, seed=5, resume=True)
    assert not multiprocessing.active_children()
    expected = weights(uninterrupted)
    for name, value in weights(tmp_path).items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=0, msg=name)


@pytest.mark.slow
def test_values_are_logged_where_they_change(uninterrupted):
    (scalars,) = uninterrupted.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in scalars.read_text().splitlines()]
    intervals = [row['curriculum/dataset.frame_interval'] for row in rows if 'curriculum/dataset.frame_interval' in row]
    assert intervals == [3, 2, 1]
    (log,) = uninterrupted.glob('*/*.log')
    lines = [line for line in log.read_text().splitlines() if 'curriculum: ' in line and 'epoch ' in line]
    assert 'left out' in lines[0]
    assert 'sampler.order ascending' in lines[0]
    assert 'sampler.order random' in lines[-1]
    assert 'left out' not in lines[-1]


@pytest.mark.parametrize(
    ('target', 'schedule', 'message'),
    [
        ('data.frame_interval', dict(type='Step', values={0: 1}), r"target: got 'data\.frame_interval'.*'dataset'"),
        ('sampler.max_frame', dict(type='Step', values={0: 9}), r"target: got 'max_frame'.*Did you mean 'max_frames'"),
        ('pipeline.Resizes.scale', dict(type='Step', values={0: 9}), r"got 'Resizes'.*Did you mean 'Resize'"),
        ('pipeline.RandomCrop.sizes', dict(type='Step', values={0: 9}), r"got 'sizes'.*Did you mean 'size'"),
        (
            'pipeline.TemporalRescale.temp_scaling',
            dict(type='Step', values={0: 0.1, 2: 1.5}),
            r'temp_scaling: got 1\.5',
        ),
        ('loss.seq_ctc_man.weight', dict(type='Step', values={0: 1}), r"Did you mean 'seq_ctc_main'"),
        ('loss.seq_ctc_main.weight', dict(type='Step', values={0: 1, 1: -1}), r'got -1 in epoch 2'),
        ('loss.seq_ctc_main.weight', dict(type='Step', values={0: 'high'}), r"got 'high' in epoch 1"),
        ('dataset.frame_interval', 'Step', r"schedule: got 'Step', expected a dict"),
        ('dataset.frame_interval', dict(type='Linear', start=2.5, stop=1, end=2), r'got 2\.5 in epoch 1'),
        ('dataset.frame_interval', dict(type='Lineer', start=2, stop=1, end=2), r"schedule\.type: 'Lineer'.*'Linear'"),
        ('dataset.frame_interval', dict(type='Step', values={1: 2}), r'schedule\.values: .*epoch 0'),
        (
            'dataset.frame_interval',
            dict(type='Linear', start=2, stop=1, end=0),
            r'schedule\.end: got begin 0 and end 0',
        ),
    ],
)
def test_a_wrong_knob_is_told_with_its_place(curriculum_config, target, schedule, message):
    with pytest.raises(ConfigError, match=r'^curriculum\.knobs\[0\]\.' + f'.*{message}'):
        load_config(curriculum_config, {'curriculum.knobs': [dict(target=target, schedule=schedule)]})


@pytest.mark.parametrize(('knobs', 'message'), [(5, r'^knobs: got 5'), ([3], r'^knobs\[0\]: got 3, expected a dict')])
def test_what_is_no_list_of_knobs_is_refused(knobs, message):
    with pytest.raises(ConfigError, match=message):
        Curriculum(knobs)


def test_values_of_a_transform_may_be_lists(curriculum_config):
    sizes = dict(type='Step', values={0: [56, 64], 2: [64, 64]})
    knob = dict(target='pipeline.RandomCrop.size', schedule=sizes)
    assert load_config(curriculum_config, {'curriculum.knobs': [knob]}).curriculum.knobs[0].schedule == sizes


def test_a_config_without_training_data_is_refused(curriculum_config):
    with pytest.raises(ConfigError, match=r'^curriculum: .* no train_dataloader with a sampler'):
        load_config(curriculum_config, {'train_dataloader': None})


def test_a_knob_of_a_loss_asks_nothing_of_the_dataset():
    knob = dict(target='loss.ctc.weight', schedule=dict(type='Step', values={0: 1.0}))
    dataset = SeededDataset(['a', 'b'], Curriculum([knob]))
    dataset.start_epoch(1)
    assert dataset[1] == 'b'


def test_two_knobs_of_one_target_are_refused():
    knob = dict(target='dataset.frame_interval', schedule=dict(type='Step', values={0: 1}))
    with pytest.raises(ConfigError, match=r"^knobs\[1\]\.target: got 'dataset\.frame_interval' twice"):
        Curriculum([knob, knob])


def test_sentences_must_not_be_left_out_to_the_end(curriculum_config, tmp_path):
    knob = dict(target='sampler.max_quantile', schedule=dict(type='Step', values={0: 0.5}))
    config = load_config(curriculum_config, {'curriculum.knobs': [knob]})
    with pytest.raises(ConfigError, match=r'^curriculum: the last epoch leaves out \d+ of \d+ sentences'):
        train_model(config, tmp_path)
