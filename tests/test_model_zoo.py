"""The networks of others: parity of shape and recipe with what was published, and one table of their numbers."""

import copy
import re
from pathlib import Path

import pytest
import torch
import yaml
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from published_recipes import COMMON, RECIPES

from cslrkit.apis.infer.frames import frame_spec
from cslrkit.engine.config import load_config
from cslrkit.registry import DATASETS, MODELS, OPTIMIZERS
from cslrkit.utils.random_seeds import seed_all

REPO = Path(__file__).parents[1]
INDEX = yaml.safe_load((REPO / 'model-index.yml').read_text())
COLLECTIONS = {collection['Name']: collection for collection in INDEX['Collections']}

# Who left padded frames out of the backbone.
MASKED = ('vac', 'smkd', 'tlp')
METHODS = sorted({name.split('/')[0] for name in RECIPES})


def build(config, num_glosses):
    """The recognizer of a config with a vocabulary of its own, so that no corpus is needed."""
    return MODELS.build(dict(config.model, vocab=[f'G{index}' for index in range(num_glosses)]))


def one_config(method, corpus):
    """Name of the config of a method for a corpus."""
    (path,) = (REPO / 'configs' / method).glob(f'*_{corpus}.py')
    return f'{method}/{path.stem}'


def path_of(name):
    return REPO / f'configs/{name}.py'


def recipe_of(config):
    """Everything of a config that decides what training gives."""
    model, loader = copy.deepcopy(config.model), config.train_dataloader
    weights = model.backbone.pop('init_cfg')
    assert (set(weights), weights.type) == ({'type', 'checkpoint'}, 'Pretrained')
    (schedule,) = config.param_scheduler
    load, *augmentations = loader.dataset.pipeline
    # The losses are one distillation or CTC for each name.
    for loss in model.losses:
        kind, stream = loss.name.rsplit('_', 1)
        expected = dict(type='CTCLoss', source=f'{kind.split("_")[0]}/{stream}')
        if kind.startswith('lift'):
            expected = dict(type='PenaltyLoss', source=f'{kind}/{stream}')
        if kind == 'dist':
            expected = dict(type='SeqKDLoss', source=f'conv/{stream}', teacher=f'seq/{stream}')
            expected.update(temperature=8.0, use_blank=False)
        assert loss == dict(expected, name=loss.name, weight=loss.weight)
    preprocessor = MODELS.build(model.get('data_preprocessor', dict(type='SignDataPreprocessor')))
    spec = frame_spec(config)
    return dict(
        optimizer=config.optim_wrapper.optimizer,
        clip_grad=config.optim_wrapper.get('clip_grad'),
        schedule=schedule,
        epochs=config.train_cfg.max_epochs,
        mixed_precision=config.optim_wrapper.type == 'GuardedAmpOptimWrapper',
        batch=(
            loader.batch_size,
            'shuffled' if loader.sampler.shuffle else 'in order',
            'last dropped' if loader.drop_last else 'last kept',
        ),
        load=load,
        augmentations=augmentations,
        frame_size=spec.size,
        frame_interval=spec.interval,
        pixels=(preprocessor.mean, preprocessor.std),
        initial_weights=weights.checkpoint,
        backbone=model.backbone,
        neck=model.neck,
        head=model.head,
        losses={loss.name: loss.weight for loss in model.losses},
        decoder=model.decoder,
    )


def test_the_table_has_every_published_config():
    paths = (path for method in METHODS for path in (REPO / 'configs' / method).glob('*.py'))
    found = {f'{path.parent.name}/{path.stem}' for path in paths}
    assert {name for name in found if not name.endswith('synthsign')} == set(RECIPES)
    assert sum(name.endswith('synthsign') for name in found) == len(METHODS)


@pytest.mark.parametrize('name', RECIPES)
def test_the_recipe_is_the_published_one(name):
    config = load_config(path_of(name))
    assert config.model.get('masked_frames', False) == name.startswith(MASKED)
    recipe = recipe_of(config)
    for key, expected in {**COMMON, **RECIPES[name]}.items():
        assert recipe.pop(key) == expected, key
    assert not recipe
    for loader in (config.val_dataloader, config.test_dataloader):
        first, crop, *rest = loader.dataset.pipeline
        assert first == config.train_dataloader.dataset.pipeline[0]
        assert crop == dict(type='CenterCrop', size=224)
        assert rest == [dict(type='Resize', scale=1.0), dict(type='PackSignInputs')]


# Parameters with the 1295 glosses of PHOENIX 2014 and the blank:
# ResNet-18 without fc 11 176 512 (CorrNet 400 866 more); temporal convolution 5 (512 + 1024) 1024 + 6 x 1024 =
# 7 870 464; BiLSTM 2 layers x 2 directions x (4 x 512 (1024 + 512) + 8 x 512) = 12 599 296; a classifier
# 1024 x 1296 = 1 327 104, the linear ones 1296 more each. A lift pooling of C channels has 12 C C + 16 C = 12 599 296.
# SEN adds 10 + 4 C R + 268 R + 2 C to a block of C = 16 R channels: 2 (2234 + 6506 + 21 194 + 75 146) = 210 160.
# The graphs of a stage of C channels have 11 C C + 17 C (SignGraph) and 11 C C + 64 C (SignDAGC), and 4 gates.
# Swin-B without its classifier has 86 743 224, an adapter of C channels 511 616 + 131 C; the neck of six branches has
# 55 590 912, which is 47 720 448 more than the other one.
# CorrNet+ adds 2 n + 13 + 5 C C + 7 C + 6 C R + 260 R after stages 2 to 4, and 3: 91 055 + 358 227 + 1 420 951 + 3.
@pytest.mark.parametrize(
    ('method', 'backbone', 'pools', 'classifiers'),
    [
        ('vac', 11_176_512, 0, 2 * (1_327_104 + 1296)),
        ('smkd', 11_176_512, 0, 1_327_104),
        ('corrnet', 11_577_378, 0, 1_327_104),
        ('tlp', 11_176_512, 2 * 12_599_296, 2 * (1_327_104 + 1296)),
        ('sen', 11_386_672, 0, 2 * (1_327_104 + 1296)),
        ('corrnet_plus', 11_176_512 + 1_870_236, 2 * 12_599_296, 1_327_104),
        ('signgraph', 11_176_512 + 3_617_536 + 4, 0, 1_327_104),
        ('ustm', 86_743_224 + 2_297_984, 2 * 12_599_296 + 47_720_448, 1_327_104),
        ('signdagc', 21_284_672 + 3_653_632 + 4, 2 * 12_599_296, 1_327_104),
    ],
)
def test_parameters_and_shapes_are_the_published_ones(method, backbone, pools, classifiers):
    name = one_config(method, 'phoenix2014')
    model = build(load_config(path_of(name)), 1295).eval()
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count == backbone + pools + 7_870_464 + 12_599_296 + classifiers
    indexed = [entry for entry in INDEX['Models'] if entry['Config'] == f'configs/{name}.py']
    assert indexed[0]['Metadata']['Parameters'] == count
    # A clip of 41 frames: ceil(41 / 4) 4 + 12 = 56 with padding, ((56 - 4) / 2 - 4) / 2 = 11 steps.
    spec = model.neck.temporal_spec
    assert (spec.left_pad, spec.total_stride, spec.frame_len(41)) == (6, 4, 56)
    with torch.no_grad():
        logits, feat_lens = model(torch.zeros(1, 56, 3, 32, 32), torch.tensor([56]))
    assert feat_lens.tolist() == [11]
    assert {name: tuple(value.shape) for name, value in logits.items()} == {
        'seq/main': (1, 11, 1296),
        'conv/main': (1, 11, 1296),
    }


@pytest.mark.parametrize('method', [method for method in METHODS if method != 'slowfast'])
def test_the_small_variant_learns(method, tiny_corpus):
    config = load_config(path_of(one_config(method, 'synthsign')), {'data_root': str(tiny_corpus)})
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    assert config.model.backbone.init_cfg is None
    with DefaultScope.overwrite_default_scope('cslrkit'):
        dataset = DATASETS.build(config.train_dataloader.dataset)
    seed_all(0)
    batch = pseudo_collate([dataset[0]])
    optimizer = OPTIMIZERS.build(dict(config.optim_wrapper.optimizer, lr=5e-4, params=list(model.parameters())))
    totals = []
    for _ in range(8):
        data = model.data_preprocessor(batch, True)
        total, log = model.parse_losses(model(**data, mode='loss'))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(total.item())
    assert totals[-1] < 0.8 * totals[0]
    losses = {**COMMON, **RECIPES[one_config(method, 'phoenix2014')]}['losses']
    assert list(log) == ['loss', *losses]


@pytest.mark.parametrize('model', INDEX['Models'], ids=lambda model: model['Name'])
def test_models_of_the_index_load(model):
    assert model['In Collection'] in COLLECTIONS
    assert 'Weights' not in model
    config = load_config(REPO / model['Config'])
    assert model['Metadata']['Epochs'] == config.train_cfg.max_epochs
    assert model['Metadata']['Batch Size'] == config.train_dataloader.batch_size
    for result in model['Results']:
        assert result['Task'] == 'Continuous Sign Language Recognition'
        assert result['Dataset'] == model['Metadata']['Training Data']
        assert set(result['Metrics']) <= {'Dev WER', 'Test WER'}


def test_the_index_is_complete():
    indexed = [model['Config'] for model in INDEX['Models']]
    assert len(set(indexed)) == len(indexed) == len({model['Name'] for model in INDEX['Models']})
    # SlowFastSign's authors published no number for csl.
    assert {f'configs/{name}.py' for name in RECIPES} - set(indexed) == {'configs/slowfast/csl.py'}
    assert {model['In Collection'] for model in INDEX['Models']} == set(COLLECTIONS)
    assert all((REPO / collection['README']).is_file() for collection in COLLECTIONS.values())


def test_the_documented_table_is_the_index():
    text = (REPO / 'docs/model_zoo.md').read_text()
    columns = r'\| ([\w+]+) \| ([^|]+) \| `(configs/[^`]+)`' + r' \| ?(\S*)' * 4 + r' \| ([^|]+) \| ([^|]+) \|'
    documented = re.findall(f'^{columns}$', text, re.M)
    indexed = []
    for model in INDEX['Models']:
        for result in model['Results']:
            rates = {'stm': ('', ''), 'slrt': ('', '')}
            metrics = result['Metrics']
            assert result['Protocol'] in rates
            rates[result['Protocol']] = (str(metrics.get('Dev WER', '-')), str(metrics['Test WER']))
            where = (model['In Collection'], result['Dataset'], model['Config'])
            licence = COLLECTIONS[where[0]]['Code']['License']
            indexed.append((*where, *rates['stm'], *rates['slrt'], licence, result['Source']))
    assert documented == indexed
    assert 'published, not re-run' in text
    for collection in COLLECTIONS.values():
        assert collection.get('Paper', collection['Code'])['URL'] in text
        assert collection['Code']['URL'] in text
        assert collection['Code']['Version'] in text
