"""A training is a function of config, seed and number of processes; the score of a checkpoint is one number."""

import json

import pytest
import torch
from small_datasets import RANDOM

from cslrkit.apis import evaluate_model, train_model
from cslrkit.engine.config import load_config

DROPOUT = {'model.head.dropout': 0.5}


def train(config, work_dir, **options):
    """Weights after a training."""
    overrides = {**DROPOUT, **{key.replace('__', '.'): value for key, value in options.items()}}
    train_model(load_config(config, overrides), work_dir, seed=5)
    (last,) = work_dir.glob('*_[0-9].pth')
    return torch.load(last, weights_only=True)['state_dict']


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
    scores, sentences = [], []
    grid = ((0, False, 2, False), (2, True, 2, False), (1, False, 1, True), (2, False, 3, False))
    for workers, persistent, batch, shuffle in grid:
        loader = dict(num_workers=workers, persistent_workers=persistent, batch_size=batch)
        overrides = {f'test_dataloader.{key}': value for key, value in loader.items()}
        overrides.update({'randomness.seed': workers, 'test_dataloader.sampler.shuffle': shuffle})
        config = load_config(tiny_config, overrides)
        config.test_dataloader.dataset.pipeline = RANDOM  # the frame offset is drawn in every evaluation
        assert config.test_dataloader.dataset.frame_interval == 2
        scores.append(evaluate_model(config, untrained_checkpoint, split='train', work_dir=tmp_path))
        sentences.append(json.loads((tmp_path / 'train.json').read_text())['sentences'])
    assert scores[0] == scores[1] == scores[2] == scores[3]
    for one, *others in zip(*sentences):
        for other in others:
            assert (one['sample_id'], one['hyp'], one['num_frames']) == tuple(
                other[key] for key in ('sample_id', 'hyp', 'num_frames')
            )
        # In other batches a clip is padded to another length, of which its last steps see a little, as published.
        assert one['score'] == others[0]['score']
