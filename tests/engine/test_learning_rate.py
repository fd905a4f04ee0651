"""Learning rates that follow the batch size, and what strategies refuse."""

import pytest
import torch

from cslrkit.engine.learning_rate import scale_lr
from cslrkit.engine.optim_wrappers import GuardedOptimWrapper
from cslrkit.engine.strategies.base import split_optim_wrapper
from cslrkit.errors import ConfigError


def wrapper():
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    groups = [dict(params=parameters[:1], lr=1e-4), dict(params=parameters[1:], lr=1e-3)]
    return GuardedOptimWrapper(torch.optim.SGD(groups, lr=1.0))


def test_rates_follow_processes_batch_and_accumulation():
    wrapped = wrapper()
    options = dict(enable=True, base_batch_size=2)
    message = scale_lr(wrapped, options, batch_size=4, world_size=8, accumulation=2)
    # 8 * 4 * 2 = 64 clips an update, 32 times the base of 2
    assert [group['lr'] for group in wrapped.optimizer.param_groups] == pytest.approx([3.2e-3, 3.2e-2])
    assert 'times 32' in message
    assert '64 clips' in message


def test_nothing_happens_unless_enabled():
    wrapped = wrapper()
    for options in (None, dict(enable=False, base_batch_size=2)):
        assert scale_lr(wrapped, options, batch_size=4, world_size=1, accumulation=1) == ''
    assert wrapped.optimizer.param_groups[0]['lr'] == 1e-4


@pytest.mark.parametrize(
    ('base', 'size', 'place'), [(None, 2, 'base_batch_size'), (2, None, 'train_dataloader.batch_size')]
)
def test_sizes_that_are_not_given(base, size, place):
    options = dict(enable=True, base_batch_size=base)
    with pytest.raises(ConfigError, match=place):
        scale_lr(wrapper(), options, batch_size=size, world_size=1, accumulation=1)


def test_what_a_strategy_reads_from_the_wrapper():
    config = dict(
        type='GuardedAmpOptimWrapper', optimizer=dict(type='Adam'), accumulative_counts=3, clip_grad=dict(max_norm=5.0)
    )
    assert split_optim_wrapper(config, strategy='X') == dict(
        accumulation=3, max_norm=5.0, dtype='bfloat16', rest=dict(optimizer=dict(type='Adam'))
    )


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(type='GuardedAmpOptimWrapper', dtype='float16'), 'float32 or bfloat16'),
        (dict(type='Mine'), 'replaces the wrapper'),
        (dict(clip_grad=dict(type='value', clip_value=1.0)), '2-norm'),
        (dict(clip_grad=dict(max_norm=1.0, norm_type=1)), '2-norm'),
    ],
)
def test_what_a_strategy_cannot_do(options, message):
    with pytest.raises(ConfigError, match=message):
        split_optim_wrapper(options, strategy='X')


def test_a_strategy_needs_a_launcher(tiny_config, tmp_path):
    from cslrkit.apis import train_model
    from cslrkit.engine.config import load_config

    with pytest.raises(ConfigError, match=r'dist_train\.sh'):
        train_model(load_config(tiny_config), tmp_path, strategy='fsdp')
