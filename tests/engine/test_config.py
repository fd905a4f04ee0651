from functools import partial
from pathlib import Path

import pytest
import torch

from cslrkit.engine.complete import TrainOptions, complete
from cslrkit.engine.config import load_config
from cslrkit.engine.epochs import kept_settings
from cslrkit.engine.stored_config import config_json
from cslrkit.errors import ConfigError
from cslrkit.registry import OPTIMIZERS, PARAM_SCHEDULERS

CONFIGS = Path(__file__).parents[2] / 'configs'
LEAVES = sorted(path for path in CONFIGS.rglob('*.py') if '_base_' not in path.parts)
SYNTHSIGN = CONFIGS / 'slowfast' / 'synthsign.py'


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: f'{path.parent.name}/{path.name}')
def test_every_config_loads_and_checks(path):
    config = load_config(path)
    assert config.model.type == 'DiffusionPrior' or config.model.vocab.endswith('gloss_dict.npy')
    assert config.train_dataloader.worker_init_fn.type == 'cslrkit.seed_worker'


@pytest.mark.parametrize('schedule', sorted(CONFIGS.glob('_base_/schedules/*.py')), ids=lambda path: path.stem)
def test_every_schedule_trains_every_epoch(tmp_path, schedule):
    path = tmp_path / 'mine.py'
    bases = ['models/resnet18_linear.py', 'datasets/synthsign.py', 'default_runtime.py']
    path.write_text(f'_base_ = {[str(CONFIGS / "_base_" / base) for base in bases] + [str(schedule)]}\n')
    config = complete(load_config(path), TrainOptions())
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = OPTIMIZERS.build(dict(config.optim_wrapper.optimizer, params=[parameter]))
    schedulers = []
    for entry in config.param_scheduler:
        entry = dict(entry)
        cls = PARAM_SCHEDULERS.lookup(entry.pop('type'))
        convert = entry.pop('convert_to_iter_based', False)
        build = partial(cls.build_iter_from_epoch, epoch_length=2) if convert else cls
        schedulers.append((build(optimizer=optimizer, **entry), 2 if convert else 1))
    rates = []
    for _ in range(config.train_cfg.max_epochs):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler, steps in schedulers:
            for _ in range(steps):
                scheduler.step()
    largest = max(rates)
    assert min(rates) > 0
    assert rates[-1] < 0.1 * largest
    assert len(set(rates)) >= 3


def write(tmp_path, text):
    path = tmp_path / 'mine.py'
    path.write_text(f"_base_ = '{SYNTHSIGN}'\n{text}\n")
    return path


def test_one_variable_moves_the_data(tmp_path):
    config = load_config(write(tmp_path, "data_root = '/elsewhere'"))
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        assert loader.dataset.data_root == '/elsewhere'
    assert config.model.vocab == '/elsewhere/preprocess/gloss_dict.npy'


def test_the_environment_variable_moves_the_data(monkeypatch):
    monkeypatch.setenv('CSLRKIT_DATA', '/datasets')
    assert load_config(CONFIGS / 'slowfast/phoenix2014.py').data_root == '/datasets/phoenix2014'


def test_a_yaml_file_may_have_a_python_base(tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text(f'_base_: {SYNTHSIGN}\ndata_root: /elsewhere\ntrain_dataloader:\n  batch_size: 3\n')
    config = load_config(path)
    assert config.train_dataloader.batch_size == 3
    assert config.train_dataloader.dataset.data_root == '/elsewhere'


def test_an_import_in_a_config_does_not_change_its_dialect(tmp_path):
    config = load_config(write(tmp_path, "import os\ndata_root = os.path.join('/a', 'b')"))
    assert config.data_root == '/a/b'


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('model = dict(backbone=dict(dept=34))', r"model\.backbone\.dept: SlowFast has no argument 'dept'.*'depth'"),
        (
            "model = dict(neck=dict(type='TemporalCnv', _delete_=True))",
            r"model\.neck\.type: 'TemporalCnv' is not.*'TemporalConv'",
        ),
        ('train_dataloader = dict(batch_sise=3)', r"train_dataloader\.batch_sise: .*'batch_size'"),
        ("train_dataloader = dict(dataset=dict(splitt='dev'))", r"train_dataloader\.dataset\.splitt: .*'split'"),
        ('default_hooks = dict(console=dict(intervall=3))', r"default_hooks\.console\.intervall: .*'interval'"),
        ("optim_wrapper = dict(optimizer=dict(type='Adm'))", r"optim_wrapper\.optimizer\.type: 'Adm' is not .*'Adam'"),
        ('train_cfg = dict(max_epoch=3)', r"train_cfg\.max_epoch: .*'max_epochs'"),
        ('modell = dict(backbone=dict(depth=34))', r"nothing reads modell\. Did you mean 'model'"),
        ('max_epoch = 3', r"nothing reads max_epoch\. Did you mean 'max_epochs'"),
        ('train_pipeline = []', r'train_pipeline is a variable of a base.* Set train_dataloader\.dataset\.pipeline'),
        (
            "frame_subdir = 'x'",
            r'nothing reads frame_subdir at the top level\. Set train_dataloader\.dataset\.frame_sub',
        ),
        ('batch_size = 3', r'nothing reads batch_size at the top level\. Set train_dataloader\.batch_size'),
        ('x = 1 / 0', r'cannot be read: ZeroDivisionError'),
        ('model = dict(', r'cannot be read: SyntaxError'),
        ("custom_imports = dict(imports=['no_such_module'])", r'cannot be read: ModuleNotFoundError: .*no_such_module'),
        (
            "try:\n    import no_such_module\nexcept ImportError:\n    raise ImportError('install the extra')",
            r'cannot be read: ImportError: install the extra',
        ),
    ],
)
def test_faults_name_their_place(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path, text))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a: !!python/object/apply:os.system ["touch hacked"]', r'cannot be read: ConstructorError'),
        ('a: &a [*a]', r'references repeat more than'),
        (
            'a0: &a0 [1, 2]\n' + ''.join(f'a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n' for n in range(40)),
            r'references repeat',
        ),
        ('[1, 2]', r'cannot be read'),
        ('a: [', r'cannot be read: ParserError'),
        ('b: ' + 'x' * (1 << 20), r'has 1048579 bytes, expected at most 1048576'),
    ],
)
def test_yaml_is_read_as_data(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'mine.yaml').write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path / 'mine.yaml')
    assert not (tmp_path / 'hacked').exists()


def test_names_that_are_read_are_no_fault(tmp_path):
    text = "depth = 34\nmodel = dict(backbone=dict(depth=depth))\ntrain_pipeline = [dict(type='LoadFrames')]\n"
    text += 'train_dataloader = dict(dataset=dict(pipeline=train_pipeline))'
    config = load_config(write(tmp_path, text))
    assert (config.model.backbone.depth, len(config.train_dataloader.dataset.pipeline)) == (34, 1)


def test_a_transform_is_added_without_copying_the_pipeline(tmp_path):
    text = "flip = [dict(type='RandomHorizontalFlip', prob=0.5)]\n"
    text += 'train_pipeline = _base_.train_pipeline[:2] + flip + _base_.train_pipeline[2:]\n'
    text += 'train_dataloader = dict(dataset=dict(pipeline=train_pipeline))'
    kinds = [step.type for step in load_config(write(tmp_path, text)).train_dataloader.dataset.pipeline]
    own = [step.type for step in load_config(SYNTHSIGN).train_dataloader.dataset.pipeline]
    assert kinds == [*own[:2], 'RandomHorizontalFlip', *own[2:]]


def schedule_of(config):
    return [(each.type, each.get('begin'), each.get('end'), each.get('T_max')) for each in config.param_scheduler]


@pytest.mark.parametrize('place', ['file', 'cfg', 'base', 'options', 'own key'])
def test_the_number_of_epochs_is_set_in_one_place(tmp_path, place):
    overrides = {'options': {'max_epochs': 5}, 'own key': {'train_cfg.max_epochs': 5}}.get(place)
    text = {'file': 'max_epochs = 5', 'cfg': 'train_cfg = dict(max_epochs=5)', 'base': 'max_epochs = 9'}.get(place, '')
    path = write(tmp_path, text)
    if place == 'base':  # the nearer of two files counts
        path = tmp_path / 'leaf.py'
        path.write_text("_base_ = 'mine.py'\ntrain_cfg = dict(max_epochs=5)\n")
    config = complete(load_config(path, overrides), TrainOptions())
    assert config.train_cfg.max_epochs == 5
    assert 'max_epochs' not in config
    assert schedule_of(config) == [('LinearLR', 0, 2, None), ('CosineAnnealingLR', 2, 5, 3)]


def test_a_schedule_that_would_begin_at_the_end_is_left_out():
    config = complete(load_config(SYNTHSIGN, {'max_epochs': 1}), TrainOptions())
    assert schedule_of(config) == [('LinearLR', 0, 2, None)]


@pytest.mark.parametrize(
    ('schedule', 'message'),
    [
        (
            "dict(type='CosineAnnealingLR', T_max=7, begin=1)",
            r'0\]: the training has 12 .* ends with epoch 8\. Leave out T',
        ),
        ("dict(type='MultiStepLR', milestones=[4, 12])", r'does not reach the milestone 12'),
    ],
)
def test_a_schedule_with_an_end_of_its_own_is_told(tmp_path, schedule, message):
    config = load_config(write(tmp_path, f'param_scheduler = [{schedule}]'))
    with pytest.warns(UserWarning, match=message):
        complete(config, TrainOptions())


def test_settings_that_a_resumed_training_keeps():
    old = complete(load_config(SYNTHSIGN), TrainOptions())
    meta = dict(cfg=config_json(old))
    assert kept_settings(meta, old) == []
    longer = complete(load_config(SYNTHSIGN, {'max_epochs': 20, 'optim_wrapper.optimizer.lr': 1e-4}), TrainOptions())
    changed = ['param_scheduler', 'train_cfg.max_epochs', 'optim_wrapper.optimizer.lr']
    assert kept_settings(meta, longer) == changed


def test_missing_file_lists_near_ones():
    with pytest.raises(ConfigError, match=r"does not exist.* Did you mean 'synthsign.py'"):
        load_config(CONFIGS / 'slowfast/synthsgn.py')


@pytest.mark.parametrize(
    ('key', 'message'),
    [
        ('model.backbne.depth', r"model has no 'backbne'. Did you mean 'backbone'"),
        ('modle.backbone', r"the top level has no 'modle'. Did you mean 'model'"),
        ('train_cfg.max_epoch', r"train_cfg has no 'max_epoch'. Did you mean 'max_epochs'"),
        ('model.losses.99.weight', r"'model\.losses' is a list of \d+"),
        ('train_dataloader.batch_size.x', r'is the value \d+'),
    ],
)
def test_misspelt_overrides(key, message):
    with pytest.raises(ConfigError, match=message):
        load_config(SYNTHSIGN, {key: 1})


def test_overrides_reach_optional_arguments_and_lists():
    config = load_config(
        SYNTHSIGN, {'model.decoder.nbest': 3, 'model.losses.0.weight': 0.5, 'default_hooks.checkpoint.interval': 2}
    )
    assert config.model.decoder.nbest == 3
    assert config.model.losses[0].weight == 0.5


def test_a_variable_of_the_file_is_no_setting():
    with pytest.raises(ConfigError, match="'train_pipeline' is a variable of the config file"):
        load_config(SYNTHSIGN, {'train_pipeline': []})


def test_options_of_inference_are_checked():
    with pytest.raises(ConfigError, match=r"^inference\.fold: .* Did you mean 'fold_bn'"):
        load_config(SYNTHSIGN, {'inference': dict(fold=True)})
    with pytest.raises(ConfigError, match=r'^inference\.compile: got 1, expected True or False'):
        load_config(SYNTHSIGN, {'inference.compile': 1})
