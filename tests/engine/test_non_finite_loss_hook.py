"""Batches with a non-finite loss are counted anew in each epoch, and end the run at the limit."""

from types import SimpleNamespace

import pytest

from cslrkit.engine.hooks import NonFiniteLossHook
from cslrkit.engine.train_loop import BATCHES_DONE
from cslrkit.errors import TrainingError
from cslrkit.structures import SignDataSample


class Log(list):
    warning = list.append


def make_runner(skipped=True):
    hub = SimpleNamespace(runtime_info={})
    hub.update_info = hub.runtime_info.__setitem__
    wrapper = SimpleNamespace(skipped=skipped)
    return SimpleNamespace(epoch=1, logger=Log(), optim_wrapper=wrapper, message_hub=hub, train_dataloader=[1] * 3)


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


def test_an_epoch_that_is_gone_on_with_counts_on():
    first, second, runner = NonFiniteLossHook(), NonFiniteLossHook(), make_runner()
    first.before_train_epoch(runner)
    leave_out(first, runner, 0)
    runner.message_hub.update_info(BATCHES_DONE, 1)
    second.before_train_epoch(runner)
    leave_out(second, runner, 1)
    assert second.count == 2


def test_an_epoch_without_a_finite_loss_ends_the_run():
    hook, runner = NonFiniteLossHook(), make_runner()
    hook.before_train_epoch(runner)
    for batch in range(2):
        leave_out(hook, runner, batch)
    hook.after_train_epoch(runner)  # one batch was sound
    leave_out(hook, runner, 2)
    with pytest.raises(TrainingError, match=r'^epoch 2: no batch of this epoch had a finite loss'):
        hook.after_train_epoch(runner)


def test_sound_batches_are_not_counted():
    hook, runner = NonFiniteLossHook(limit=1), make_runner(skipped=False)
    hook.before_train_epoch(runner)
    leave_out(hook, runner, 0)
    assert (hook.count, runner.logger) == (0, [])
