"""What the Runner adds to mmengine's."""

import logging
import os
import warnings
from collections import OrderedDict

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict

from cslrkit.engine.config import load_config
from cslrkit.engine.run_mixin import RunMixin
from cslrkit.engine.runner import CSLRRunner
from cslrkit.errors import CheckpointError, ConfigError
from cslrkit.models.speed.cpu import FlatConv3d, TablePreprocessor, WholeClipLSTM
from cslrkit.utils.process import prepare_process


def test_each_default_hook_is_removed_by_none(tiny_config, tmp_path):
    config = load_config(tiny_config)
    names = [hook for hook in config.default_hooks if hook != 'logger']
    config.default_hooks.update(dict.fromkeys(names))
    config.work_dir = str(tmp_path)
    kinds = {type(hook).__name__ for hook in CSLRRunner.from_cfg(config).hooks}
    assert 'LoggerHook' in kinds
    assert not kinds & {'ConsoleHook', 'ReseedHook', 'SignCheckpointHook', 'NonFiniteLossHook', 'SyncBuffersHook'}


def test_building_a_runner_changes_nothing_of_the_process(tiny_config, tmp_path, monkeypatch):
    for name in ('ONEDNN_PRIMITIVE_CACHE_CAPACITY', 'GOMP_SPINCOUNT', 'OMP_WAIT_POLICY'):
        monkeypatch.delenv(name, raising=False)
    config = load_config(tiny_config)
    config.work_dir = str(tmp_path)
    with warnings.catch_warnings():
        before = list(warnings.filters)
        CSLRRunner.from_cfg(config)
        assert warnings.filters == before
        assert 'ONEDNN_PRIMITIVE_CACHE_CAPACITY' not in os.environ
        prepare_process()  # as the tools and train_model do
        assert os.environ['ONEDNN_PRIMITIVE_CACHE_CAPACITY'] == '16384'
        assert os.environ['GOMP_SPINCOUNT'] == '10000'
        assert len(warnings.filters) > len(before)
    monkeypatch.setenv('ONEDNN_PRIMITIVE_CACHE_CAPACITY', '7')
    monkeypatch.setenv('OMP_WAIT_POLICY', 'active')
    monkeypatch.delenv('GOMP_SPINCOUNT')
    prepare_process()
    assert 'GOMP_SPINCOUNT' not in os.environ
    assert os.environ['ONEDNN_PRIMITIVE_CACHE_CAPACITY'] == '7'


@pytest.mark.parametrize('device', ['cpu', 'cuda'])
def test_the_model_is_converted_where_it_runs_on_a_cpu(device, tiny_config, tmp_path, monkeypatch):
    monkeypatch.setattr('cslrkit.engine.run_mixin.get_device', lambda: device)  # where the mixin asks
    config = load_config(tiny_config)
    config.work_dir = str(tmp_path)
    kinds = {type(module) for module in CSLRRunner.from_cfg(config).bare_model.modules()}
    converted = {FlatConv3d, WholeClipLSTM, TablePreprocessor}
    assert kinds & converted == (converted if device == 'cpu' else set())


def test_an_evaluator_that_does_not_fit_the_head_is_found_when_the_runner_is_built(tiny_config, tmp_path):
    config = load_config(tiny_config)
    config.work_dir = str(tmp_path)
    config.model.head = dict(type='LinearHead')
    config.model.losses = [dict(type='CTCLoss', source='conv/main')]
    assert CSLRRunner.from_cfg(config).bare_model.decode_outputs == ('conv/main',)  # evaluators ask for what there is
    config.val_evaluator.primary = 'seq/main'
    with pytest.raises(ConfigError, match=r"^val_evaluator\.primary: got 'seq/main', expected one of 'conv/main'"):
        CSLRRunner.from_cfg(config)


@pytest.mark.parametrize(
    ('resume', 'load_from', 'trained', 'initialized'),
    [
        (False, None, True, True),
        (False, 'part.pth', False, True),
        (False, 'whole.pth', False, False),
        (True, None, False, True),
        (True, None, True, False),
        (True, 'a.pth', False, False),
    ],
)
def test_a_run_from_a_whole_checkpoint_needs_no_initial_weights(
    tmp_path, monkeypatch, resume, load_from, trained, initialized
):
    net = torch.nn.Sequential(OrderedDict(backbone=torch.nn.Linear(2, 3)))
    for name, tensors in (('whole', net.state_dict()), ('part', {'backbone.weight': net.backbone.weight.data})):
        torch.save(dict(state_dict=tensors, meta={}), tmp_path / f'{name}.pth')
    monkeypatch.chdir(tmp_path)

    class Base:
        calls = 0
        model = net
        logger = logging.getLogger('test')
        _train_loop = True

        def call_hook(self, name, **kwargs):
            pass

        def _init_model_weights(self):
            self.calls += 1

    class Run(RunMixin, Base):
        def __init__(self):
            self.work_dir, self._resume, self._load_from = str(tmp_path), resume, load_from

    if trained:
        (tmp_path / 'last_checkpoint').write_text('epoch_1.pth')
    run = Run()
    run._init_model_weights()
    assert run.calls == initialized
    if load_from is not None and not resume:
        (tmp_path / load_from).unlink()
        run.load_checkpoint(load_from)  # it has been read already
        with pytest.raises(CheckpointError, match='does not exist'):
            run.load_checkpoint(load_from)


def test_several_optimizers_follow_no_new_schedule():
    def wrapper():
        return OptimWrapper(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0))

    run = CSLRRunner.__new__(CSLRRunner)
    run.param_schedulers, run.optim_wrapper = [], wrapper()
    assert run.follows_schedule
    run.param_schedulers, run.optim_wrapper = {}, OptimWrapperDict(one=wrapper(), other=wrapper())
    assert not run.follows_schedule
