"""A training is a function of config, seed and number of processes; the score of a checkpoint is one number."""

import pytest
import torch

from cslrkit.apis import evaluate_model, train_model
from cslrkit.engine.config import load_config

DROPOUT = {'model.head.dropout': 0.5}


def train(config, work_dir, **options):
    """Weights after a training."""
    overrides = {**DROPOUT, **{key.replace('__', '.'): value for key, value in options.items()}}
    train_model(load_config(config, overrides), work_dir, seed=5)
    (last,) = work_dir.glob('*_[0-9].pth')
    return torch.load(last, weights_only=True)['state_dict']


@pytest.fixture(scope='module')
def short_config(tiny_config, tmp_path_factory):
    """Two epochs, of which the last alone is kept, without validation."""
    path = tmp_path_factory.mktemp('configs') / 'short.py'
    path.write_text(
        f"""
_base_ = '{tiny_config}'
val_cfg, val_dataloader, val_evaluator = None, None, None
default_hooks = dict(checkpoint=dict(interval=2, save_best=None), visualization=None)
"""
    )
    return path


@pytest.mark.slow
def test_workers_do_not_change_a_training(short_config, tmp_path):
    alone = train(short_config, tmp_path / 'alone')
    workers = dict(train_dataloader__num_workers=2, train_dataloader__persistent_workers=True)
    for name, value in train(short_config, tmp_path / 'workers', **workers).items():
        torch.testing.assert_close(value, alone[name], rtol=0, atol=0, msg=name)


@pytest.mark.slow
def test_validations_do_not_change_a_training_by_steps(tiny_config, tmp_path, monkeypatch):
    by_steps = tmp_path / 'steps.py'
    by_steps.write_text(
        f"""
_base_ = '{tiny_config}'
train_dataloader = dict(sampler=dict(type='InfiniteSampler', _delete_=True))
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=2, val_interval=1)
param_scheduler = []
log_processor = dict(by_epoch=False)
default_hooks = dict(checkpoint=dict(interval=2, by_epoch=False, save_best=None), visualization=None)
"""
    )
    often = train(by_steps, tmp_path / 'often')
    once = train(by_steps, tmp_path / 'once', train_cfg__val_interval=2)
    for name, value in often.items():
        torch.testing.assert_close(value, once[name], rtol=0, atol=0, msg=name)


@pytest.mark.slow
def test_the_score_of_a_checkpoint_is_one_number(tiny_config, untrained_checkpoint, tmp_path):
    scores = []
    for num_workers, persistent, batch_size in ((0, False, 2), (1, False, 1), (2, True, 3)):
        settings = dict(num_workers=num_workers, persistent_workers=persistent, batch_size=batch_size)
        overrides = {f'test_dataloader.{key}': value for key, value in settings.items()}
        config = load_config(tiny_config, {**overrides, 'randomness.seed': num_workers})
        scores.append(evaluate_model(config, untrained_checkpoint, split='train', work_dir=tmp_path))
    assert scores[0] == scores[1] == scores[2]
