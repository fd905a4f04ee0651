"""The networks of others: parity of shape and recipe with what was published, and one table of their numbers."""

import re
from pathlib import Path

import pytest
import torch
import yaml
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope

from cslrkit.engine.config import load_config
from cslrkit.registry import DATASETS, MODELS, OPTIMIZERS

REPO = Path(__file__).parents[1]
INDEX = yaml.safe_load((REPO / 'model-index.yml').read_text())
COLLECTIONS = {collection['Name']: collection for collection in INDEX['Collections']}

# VIPL-SLP/VAC_CSLR f3c87cc and 37bd985, hulianyuyy/CorrNet 98d97d0: configs/baseline.yaml, slr_network.py,
# modules/{tconv,BiLSTM}.py, dataset/dataloader_video.py, utils/optimizer.py, seq_scripts.py; docs/model_zoo.md
# says where they differ from the papers.
COMMON = dict(lr=1e-4, weight_decay=1e-4, gamma=0.2, batch=2, crop=224, flip=0.5, scaling=0.2, scale=1.0)
RECIPES = {
    'vac': dict(epochs=80, steps=[40, 60], weights=[1, 1, 25], classifier=('linear', 'none'), amp=False),
    'smkd': dict(epochs=40, steps=[20, 35], weights=[1, 1], classifier=('norm_linear', 'stream'), amp=False),
    'corrnet': dict(epochs=40, steps=[20, 35], weights=[1, 1, 25], classifier=('norm_linear', 'stream'), amp=True),
}
CORPORA = {
    'vac': ('phoenix2014', 'csl'),
    'smkd': ('phoenix2014', 'phoenix2014-T'),
    'corrnet': ('phoenix2014', 'phoenix2014-T', 'csl-daily', 'csl'),
}
PUBLISHED = [(method, corpus) for method, corpora in CORPORA.items() for corpus in corpora]


def build(config, num_glosses):
    """The recognizer of a config with a vocabulary of its own, so that no corpus is needed."""
    return MODELS.build(dict(config.model, vocab=[f'G{index}' for index in range(num_glosses)]))


def path_of(method, corpus):
    return REPO / f'configs/{method}/resnet18_{corpus}.py'


def test_every_published_config_is_here():
    found = {
        (path.parent.name, path.stem[len('resnet18_') :])
        for method in CORPORA
        for path in (REPO / 'configs' / method).glob('*.py')
    }
    assert found == {*PUBLISHED, *((method, 'synthsign') for method in CORPORA)}


@pytest.mark.parametrize(('method', 'corpus'), PUBLISHED)
def test_the_recipe_is_the_published_one(method, corpus):
    config = load_config(path_of(method, corpus))
    train = {step['type']: step for step in config.train_dataloader.dataset.pipeline}
    wrapper = config.optim_wrapper
    (schedule,) = config.param_scheduler
    model = config.model
    assert dict(
        epochs=config.train_cfg.max_epochs,
        steps=list(schedule.milestones),
        weights=[loss.weight for loss in model.losses],
        classifier=(model.head.classifier, model.head.share_classifier),
        amp=wrapper.type == 'GuardedAmpOptimWrapper',
        lr=wrapper.optimizer.lr,
        weight_decay=wrapper.optimizer.weight_decay,
        gamma=schedule.gamma,
        batch=config.train_dataloader.batch_size,
        crop=train['RandomCrop'].size,
        flip=train['RandomHorizontalFlip'].prob,
        scaling=train['TemporalRescale'].temp_scaling,
        scale=train['Resize'].scale,
    ) == {**RECIPES[method], **COMMON}
    assert wrapper.optimizer.type == 'Adam'
    assert 'clip_grad' not in wrapper
    assert [loss.source for loss in model.losses] == ['seq/main', 'conv/main', 'conv/main'][: len(model.losses)]
    assert all(loss.temperature == 8 and not loss.use_blank for loss in model.losses[2:])
    assert (model.neck.kernel_spec, model.neck.hidden_size) == (['K5', 'P2', 'K5', 'P2'], 1024)
    assert (model.head.num_layers, model.head.dropout, model.decoder.beam_width) == (2, 0.3, 10)
    assert model.backbone.init_cfg == dict(type='Pretrained', checkpoint='torchvision://resnet18')
    # x / 127.5 - 1
    assert (model.data_preprocessor.mean, model.data_preprocessor.std) == (0.5, 0.5)


def test_corrnet_on_csl_daily_is_that_of_the_authors_weights():
    config = load_config(path_of('corrnet', 'csl-daily'))
    assert config.model.backbone.correlated_stages == (3, 4)
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        assert loader.dataset.type == 'CSLDailyDataset'
        assert loader.dataset.pipeline[0] == dict(type='LoadFrames', resize=(256, 256))


# Parameters with the 1295 glosses of PHOENIX 2014 and the blank:
# ResNet-18 without fc 11 176 512 (CorrNet 400 866 more); temporal convolution 5 (512 + 1024) 1024 + 6 x 1024 =
# 7 870 464; BiLSTM 2 layers x 2 directions x (4 x 512 (1024 + 512) + 8 x 512) = 12 599 296; a classifier
# 1024 x 1296 = 1 327 104, the linear ones 1296 more each.
@pytest.mark.parametrize(
    ('method', 'backbone', 'classifiers'),
    [
        ('vac', 11_176_512, 2 * (1_327_104 + 1296)),
        ('smkd', 11_176_512, 1_327_104),
        ('corrnet', 11_577_378, 1_327_104),
    ],
)
def test_parameters_and_shapes_are_the_published_ones(method, backbone, classifiers):
    model = build(load_config(path_of(method, 'phoenix2014')), 1295).eval()
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count == backbone + 7_870_464 + 12_599_296 + classifiers
    indexed = [entry for entry in INDEX['Models'] if entry['Config'] == f'configs/{method}/resnet18_phoenix2014.py']
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


@pytest.mark.parametrize('method', CORPORA)
def test_the_small_variant_learns(method, tiny_corpus):
    config = load_config(path_of(method, 'synthsign'), {'data_root': str(tiny_corpus)})
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    assert config.model.backbone.init_cfg is None
    with DefaultScope.overwrite_default_scope('cslrkit'):
        dataset = DATASETS.build(config.train_dataloader.dataset)
    batch = pseudo_collate([dataset[0]])
    optimizer = OPTIMIZERS.build(dict(config.optim_wrapper.optimizer, lr=5e-4, params=list(model.parameters())))
    totals = []
    for _ in range(4):
        data = model.data_preprocessor(batch, True)
        total, log = model.parse_losses(model(**data, mode='loss'))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(total.item())
    assert totals[-1] < 0.8 * totals[0]
    names = ['seq_ctc_main', 'conv_ctc_main', 'dist_main'][: len(RECIPES[method]['weights'])]
    assert list(log) == ['loss', *names]


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
    assert {f'configs/{method}/resnet18_{corpus}.py' for method, corpus in PUBLISHED} < set(indexed)
    assert {model['In Collection'] for model in INDEX['Models']} == set(COLLECTIONS)
    assert all((REPO / collection['README']).is_file() for collection in COLLECTIONS.values())


def test_the_documented_table_is_the_index():
    text = (REPO / 'docs/model_zoo.md').read_text()
    documented = re.findall(r'^\| (\w+) \| ([^|]+) \| `(configs/[^`]+)` \| (\S+) \| (\S+) \| ([^|]+) \|$', text, re.M)
    indexed = [
        (
            model['In Collection'],
            result['Dataset'],
            model['Config'],
            str(result['Metrics'].get('Dev WER', '-')),
            str(result['Metrics']['Test WER']),
            result['Source'],
        )
        for model in INDEX['Models']
        for result in model['Results']
    ]
    assert documented == indexed
    assert 'published, not re-run' in text
    for collection in COLLECTIONS.values():
        assert collection['Paper']['URL'] in text
        assert collection['Code']['URL'] in text
        assert collection['Code']['Version'] in text
