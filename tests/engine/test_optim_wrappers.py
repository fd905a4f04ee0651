import pytest
import torch

from cslrkit.engine.optim_wrappers import GuardedAmpOptimWrapper, GuardedOptimWrapper
from cslrkit.errors import ConfigError


def make(cls, **kwargs):
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    return weight, cls(torch.optim.SGD([weight], lr=0.1), **kwargs)


@pytest.mark.parametrize('cls', [GuardedOptimWrapper, GuardedAmpOptimWrapper])
def test_non_finite_loss_changes_nothing(cls):
    weight, wrapper = make(cls)
    wrapper.update_params((weight * float('nan')).sum())
    assert wrapper.skipped
    assert weight.item() == 2.0
    wrapper.update_params((3 * weight).sum())
    assert not wrapper.skipped
    assert weight.item() == pytest.approx(1.7)  # 2 - 0.1 * 3


@pytest.mark.parametrize('bad', [float('nan'), float('inf')])
@pytest.mark.parametrize('cls', [GuardedOptimWrapper, GuardedAmpOptimWrapper])
def test_a_batch_that_is_left_out_leaves_the_statistics_as_they_were(cls, bad):
    model = torch.nn.Sequential(torch.nn.Conv1d(2, 3, 1), torch.nn.BatchNorm1d(3), torch.nn.BatchNorm1d(3))
    wrapper = cls(torch.optim.SGD(model.parameters(), lr=0.1))

    def step(clip):
        with wrapper.optim_context(model):
            loss = model(clip).square().mean()
        wrapper.update_params(loss)
        return {name: value.clone() for name, value in model.state_dict().items()}

    step(torch.randn(2, 2, 4))
    before = step(torch.randn(2, 2, 4))
    after = step(torch.full((2, 2, 4), bad) * torch.randn(2, 2, 4))
    assert wrapper.skipped
    assert before['1.num_batches_tracked'] == 2
    for name, value in before.items():
        assert torch.equal(after[name], value), name
    assert step(torch.randn(2, 2, 4))['1.num_batches_tracked'] == 3


def test_accumulation_keeps_the_sound_batch_of_a_pair():
    weight, wrapper = make(GuardedOptimWrapper, accumulative_counts=2)
    wrapper.update_params((3 * weight).sum())
    assert weight.item() == 2.0
    wrapper.update_params((weight * float('inf')).sum())
    assert weight.item() == pytest.approx(1.85)  # 2 - 0.1 * 3 / 2


def test_accumulation_of_two_bad_batches_makes_no_update():
    weight, wrapper = make(GuardedOptimWrapper, accumulative_counts=2)
    for _ in range(2):
        wrapper.update_params((weight * float('inf')).sum())
    assert weight.item() == 2.0


def test_float16_scales_and_unscales():
    weight, wrapper = make(GuardedAmpOptimWrapper, dtype='float16', clip_grad=dict(max_norm=1.0))
    wrapper.update_params((3 * weight).sum())
    assert weight.item() == pytest.approx(1.9)  # the gradient 3 is clipped to 1


def test_scaler_state_is_kept():
    _, wrapper = make(GuardedAmpOptimWrapper, dtype='float16', init_scale=4.0)
    _, other = make(GuardedAmpOptimWrapper, dtype='float16')
    other.load_state_dict(wrapper.state_dict())
    assert other.scaler.get_scale() == 4.0


def test_amp_checkpoint_state_loads_without_scaler():
    _, plain = make(GuardedOptimWrapper)
    _, amp = make(GuardedAmpOptimWrapper, dtype='float16')
    amp.load_state_dict(plain.state_dict())
    assert amp.scaler.get_scale() == 65536.0


def test_autocast_is_on_in_the_context_only():
    _, wrapper = make(GuardedAmpOptimWrapper)
    linear = torch.nn.Linear(2, 2)
    with wrapper.optim_context(linear):
        assert linear(torch.ones(1, 2)).dtype is torch.bfloat16
    assert linear(torch.ones(1, 2)).dtype is torch.float32


def test_unknown_dtype():
    with pytest.raises(ConfigError, match=r'optim_wrapper\.dtype'):
        make(GuardedAmpOptimWrapper, dtype='half')
