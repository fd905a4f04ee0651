"""What strategies and several processes say to a user, without starting them."""

import sys

import pytest
import torch
from torch import nn

from cslrkit.engine.distributed import synchronize_batch_norms
from cslrkit.engine.strategies import DeepSpeedStrategy
from cslrkit.errors import CheckpointError, ConfigError


def test_deepspeed_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, 'deepspeed', None)
    with pytest.raises(ConfigError, match=r'needs DeepSpeed.*DS_BUILD_OPS=0 pip install'):
        DeepSpeedStrategy(zero_optimization=dict(stage=2), env_kwargs=dict(launcher='pytorch'))


@pytest.mark.slow
@pytest.mark.parametrize(('key', 'name'), [('deepspeed', 'DeepSpeed'), ('fsdp', 'FSDP')])
def test_a_checkpoint_of_a_strategy_resumes_with_it_only(tiny_config, tmp_path, key, name):
    from cslrkit.apis import train_model
    from cslrkit.engine.config import load_config

    path = tmp_path / 'epoch_1.pth'
    content = dict(state_dict=dict(weight=torch.zeros(1)), meta=dict(cslrkit_version='1'), message_hub={})
    torch.save(dict(content, optimizer={key: True}), path)
    with pytest.raises(CheckpointError, match=f'of a training with {name}. Resume it with its --strategy'):
        train_model(load_config(tiny_config), tmp_path / 'work', resume=str(path))


@pytest.mark.parametrize('has_gpu', [False, True])
def test_one_process_keeps_its_batch_norms_and_says_nothing(monkeypatch, has_gpu):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: has_gpu)
    model = nn.Sequential(nn.Conv3d(3, 4, 1), nn.BatchNorm3d(4))
    same, message = synchronize_batch_norms(model, 'torch', world_size=1)
    assert same is model
    assert type(model[1]) is nn.BatchNorm3d
    assert message == ''


def test_several_gpus_share_batch_norms_and_cpus_say_that_they_cannot(monkeypatch):
    model = nn.Sequential(nn.Conv3d(3, 4, 1), nn.BatchNorm3d(4))
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    same, message = synchronize_batch_norms(model, 'torch', world_size=2)
    assert type(same[1]) is nn.BatchNorm3d
    assert 'needs GPUs' in message
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    shared, message = synchronize_batch_norms(model, 'torch', world_size=2)
    assert type(shared[1]) is nn.SyncBatchNorm
    assert message == ''
    with pytest.raises(ConfigError, match="'mmcv' or None"):
        synchronize_batch_norms(model, 'apex', world_size=2)
