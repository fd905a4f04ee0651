"""What a run makes of a config and of the options of its command line."""

import copy

import pytest
from mmengine.config import Config

from cslrkit.engine.complete import EvalOptions, TrainOptions, complete, select_split, shipped_strategies
from cslrkit.engine.config import load_config
from cslrkit.engine.config_check import check_config
from cslrkit.engine.stored_config import config_json, config_values, stored_config
from cslrkit.errors import CheckpointError, ConfigError


def test_options_go_into_a_copy(tiny_config, tmp_path):
    config = load_config(tiny_config)
    before = copy.deepcopy(config.to_dict())
    options = TrainOptions(tmp_path, resume='a.pth', amp='bfloat16', seed=3, launcher='pytorch', auto_scale_lr=True)
    run = complete(config, options)
    assert (run.work_dir, run.resume, run.load_from, run.launcher) == (str(tmp_path), True, 'a.pth', 'pytorch')
    assert (run.optim_wrapper.type, run.optim_wrapper.dtype) == ('GuardedAmpOptimWrapper', 'bfloat16')
    assert run.randomness.seed == 3
    assert run.val_evaluator.out_dir == str(tmp_path)
    assert run.auto_scale_lr == dict(enable=True, base_batch_size=2)
    assert config.to_dict() == before
    assert complete(run).to_dict() == run.to_dict()  # there is nothing left to do


def test_a_run_that_has_not_begun_is_resumed_from_what_its_config_says(tiny_config, tmp_path):
    config = load_config(tiny_config, {'load_from': 'weights.pth'})
    run = complete(config, TrainOptions(tmp_path, resume=True))
    assert (run.resume, run.load_from) == (False, 'weights.pth')
    (tmp_path / 'last_checkpoint').write_text('epoch_1.pth')
    run = complete(config, TrainOptions(tmp_path, resume=True))
    assert (run.resume, run.load_from) == (True, None)
    run = complete(load_config(tiny_config), TrainOptions(tmp_path / 'new', resume=True))
    assert (run.resume, run.load_from) == (True, None)


def test_a_work_dir_is_named_after_the_config(tiny_config):
    assert complete(load_config(tiny_config), TrainOptions()).work_dir == 'work_dirs/tiny'


def test_a_test_has_a_split_and_nothing_of_training(tiny_config, tmp_path):
    config = load_config(tiny_config, {'inference.fold_bn': True})
    run = complete(config, EvalOptions(tmp_path / 'a.pth', split='train', amp='bfloat16'))
    assert run.test_dataloader.dataset.split == run.test_evaluator.split == 'train'
    assert run.test_dataloader.dataset.test_mode
    assert 'train_dataloader' not in run
    assert 'optim_wrapper' not in run
    assert (run.load_from, run.work_dir) == (str(tmp_path / 'a.pth'), str(tmp_path))
    assert run.inference == dict(fold_bn=True, dtype='bfloat16', compile=False)
    assert select_split(config, 'dev').test_dataloader.dataset.split == 'dev'
    assert config.test_dataloader.dataset.split == 'test'


@pytest.mark.parametrize('name', ['deepspeed_zero2', 'deepspeed_zero3', 'fsdp'])
def test_strategies_by_name(tiny_config, name):
    assert name in shipped_strategies()
    run = complete(load_config(tiny_config), TrainOptions(strategy=name))
    check_config(run)
    assert run.strategy.type == ('FSDPStrategy' if name == 'fsdp' else 'DeepSpeedStrategy')
    assert name == 'fsdp' or run.strategy.zero_optimization.stage == int(name[-1])


def test_wrong_options(tiny_config):
    config = load_config(tiny_config)
    with pytest.raises(ConfigError, match=r"^strategy: .*Did you mean 'fsdp'"):
        complete(config, TrainOptions(strategy='fdsp'))
    with pytest.raises(ConfigError, match=r"^launcher: got 'torch', expected one of 'none', 'pytorch'"):
        complete(config, TrainOptions(launcher='torch'))
    config.model_wrapper_cfg = dict(type='MMDistributedDataParallel')
    with pytest.raises(ConfigError, match=r'^model_wrapper_cfg: a strategy wraps the model by itself'):
        complete(config, TrainOptions(strategy='fsdp'))


@pytest.mark.parametrize('is_lazy', [False, True])
def test_classes_are_named_by_their_paths(tmp_path, is_lazy):
    path = tmp_path / 'mine.py'
    base = 'from mmengine.config import read_base\n' if is_lazy else ''
    path.write_text(
        f'{base}from cslrkit.models.backbones import ResNet\n'
        "parts = dict(neck=dict(type='TemporalConv', hidden_size=8), head=dict(type='LinearHead'))\n"
        "parts.update(backbone=dict(type=ResNet, depth=18), decoder=dict(type='GreedyDecoder'), losses=[])\n"
        "model = dict(type='CSLRRecognizer', vocab=['A'], **parts)\n"
    )
    config = load_config(path)
    meta = dict(cfg=config_json(config))
    assert config_values(meta, where='x')['model']['backbone']['type'].startswith('cslrkit.models.backbones.')
    assert 'ResNet' not in config_values(meta, where='x')
    stored = stored_config(meta, where='x')
    assert stored.model == config.model
    assert Config.fromstring(config.pretty_text, '.py').to_dict() == config.to_dict()
    with pytest.raises(CheckpointError, match='no registered'):  # imported, but no part
        stored_config(dict(cfg=meta['cfg'].replace(stored.model.backbone.type, 'collections.OrderedDict')), where='x')


def test_annotations_of_ones_own_under_another_corpus(tiny_config, tmp_path):
    (tmp_path / 'pre').mkdir()
    (tmp_path / 'pre/custom-groundtruth-train.stm').touch()
    where = {f'{name}_dataloader.dataset.ann_dir': str(tmp_path / 'pre') for name in ('train', 'val', 'test')}
    with pytest.warns(UserWarning, match=r"was prepared as 'custom', so corpus = 'custom' is taken, not 'synthsign'"):
        config = load_config(tiny_config, where)
    assert config.test_dataloader.dataset.corpus == 'custom'
    said = load_config(tiny_config, {**where, 'test_dataloader.dataset.corpus': 'phoenix2014'})
    assert said.test_dataloader.dataset.corpus == 'phoenix2014'
