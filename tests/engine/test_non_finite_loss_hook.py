"""Batches with a non-finite loss are counted anew in each epoch, and end the run at the limit."""

from types import SimpleNamespace

import pytest

from cslrkit.engine.hooks import NonFiniteLossHook
from cslrkit.errors import TrainingError
from cslrkit.structures import SignDataSample


class Log(list):
    warning = list.append


def make_runner(skipped=True):
    return SimpleNamespace(epoch=1, logger=Log(), optim_wrapper=SimpleNamespace(skipped=skipped))


def leave_out(hook, runner, batch_idx):
    samples = [SignDataSample.create(f'clip-{batch_idx}', [1], frame_indices=range(4), frame_rate=25.0)]
    hook.after_train_iter(runner, batch_idx, data_batch=dict(data_samples=samples))


def test_the_run_ends_at_the_limit_and_names_the_samples():
    hook, runner = NonFiniteLossHook(limit=2), make_runner()
    hook.before_train_epoch(runner)
    leave_out(hook, runner, 3)
    assert runner.logger == [
        'epoch 2, batch 4: the loss is not finite, so this batch was left out (1 in this epoch). Samples: clip-3.'
    ]
    with pytest.raises(TrainingError, match=r'epoch 2, batch 8: 2 batches .* \(limit 2\)\. Last samples: clip-7\.'):
        leave_out(hook, runner, 7)


def test_each_epoch_counts_anew():
    hook, runner = NonFiniteLossHook(limit=2), make_runner()
    for _ in range(3):
        hook.before_train_epoch(runner)
        leave_out(hook, runner, 0)
        assert hook.count == 1


def test_sound_batches_are_not_counted():
    hook, runner = NonFiniteLossHook(limit=1), make_runner(skipped=False)
    hook.before_train_epoch(runner)
    leave_out(hook, runner, 0)
    assert (hook.count, runner.logger) == (0, [])
