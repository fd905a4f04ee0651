import json
from pathlib import Path

import numpy as np
import pytest
import torch
from published_weights import to_published

from benchmarks.parity.published_model import _fill_value
from cslrkit.apis import convert_checkpoint
from cslrkit.engine.checkpoint_io import read_checkpoint
from cslrkit.engine.config import load_config
from cslrkit.errors import CheckpointError
from cslrkit.registry import MODELS
from cslrkit.utils.npy import save_object

MODEL_CASES = Path(__file__).parents[1] / 'data' / 'model_public.json'


def wer_lines(done):
    return [line for line in done.stdout.splitlines() if line.strip().startswith(('dev', 'test'))]


@pytest.fixture(scope='module')
def authors_file(tmp_path_factory, tiny_config):
    """A file as SlowFastSign saves it, with weights for the tiny corpus."""
    torch.manual_seed(3)
    model = MODELS.build(load_config(tiny_config).model)
    path = tmp_path_factory.mktemp('authors') / '_best_model.pt'
    optimizer = torch.optim.Adam(model.parameters())
    state = {f'module.{name}': value for name, value in to_published(model.state_dict()).items()}
    torch.save(
        dict(
            epoch=3,
            model_state_dict=state,
            optimizer_state_dict=optimizer.state_dict(),
            rng_state=dict(torch=torch.get_rng_state(), numpy=np.random.get_state()),
        ),
        path,
    )
    return path, model


@pytest.mark.slow
@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_a_converted_file_is_scored_like_the_original(tmp_path, authors_file, tiny_config, run_tool, suffix):
    if suffix == '.safetensors':
        pytest.importorskip('safetensors', reason='an optional package')
    path, model = authors_file
    target = tmp_path / 'new' / f'converted{suffix}'
    done = run_tool('convert_checkpoint.py', tiny_config, path, target)
    assert '(slowfastsign)' in done.stdout
    assert '0 of the model left alone, 0 of the file not used' in done.stdout
    checkpoint = read_checkpoint(target)
    assert checkpoint['meta']['vocab'] == model.vocab.glosses
    assert checkpoint['meta']['converted_from']['name'] == '_best_model.pt'
    assert 'optimizer' not in checkpoint
    state = model.state_dict()
    assert set(checkpoint['state_dict']) == set(state)
    assert all(torch.equal(value, state[name]) for name, value in checkpoint['state_dict'].items())
    converted = run_tool('test.py', tiny_config, target, '--work-dir', tmp_path)
    direct = run_tool('test.py', tiny_config, path, '--work-dir', tmp_path)
    assert wer_lines(converted)
    assert wer_lines(converted) == wer_lines(direct)


def test_vocabularies_of_another_size_are_named(tmp_path, authors_file, tiny_config, run_tool):
    path, model = authors_file
    save_object(tmp_path / 'gloss_dict.npy', {'NORD': [1, 5], 'REGEN': [2, 3]})
    arguments = (tiny_config, path, tmp_path / 'out.pth', '--vocab', tmp_path / 'gloss_dict.npy')
    done = run_tool('convert_checkpoint.py', *arguments, check=False)
    assert done.returncode == 1
    assert f'has {model.vocab.num_classes} classes' in done.stderr
    assert 'the vocabulary has 3 (GlossVocab(2 glosses: NORD, REGEN) and the blank)' in done.stderr
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'out.pth').exists()


@pytest.mark.slow
def test_training_starts_from_published_weights(tmp_path, authors_file, tiny_config, run_tool):
    path, _ = authors_file
    options = ['train_cfg.max_epochs=1', 'model.backbone.init_cfg.type=Pretrained']
    options += [f'model.backbone.init_cfg.checkpoint={tmp_path}/not_needed.pyth', f'load_from={path}']
    done = run_tool('train.py', tiny_config, '--work-dir', tmp_path / 'run', '--cfg-options', *options)
    assert f"loaded '{path}' (slowfastsign)" in done.stdout
    done = run_tool('train.py', tiny_config, '--work-dir', tmp_path / 'run', '--resume', path, check=False)
    assert 'holds weights only, without the state of a training run' in done.stderr
    misspelt = ['model.backbone.init_cfg.type=Pretraind']
    done = run_tool('train.py', tiny_config, '--cfg-options', *misspelt, check=False)
    assert "model.backbone.init_cfg.type: 'Pretraind' is not registered" in done.stderr
    assert "Did you mean 'Pretrained'" in done.stderr


def test_a_backbone_file_gives_a_checkpoint_of_the_backbone(tmp_path, authors_file, tiny_config):
    _, model = authors_file
    state = {name: value for name, value in model.backbone.state_dict().items() if not name.startswith('s5')}
    torch.save(dict(model_state=state), tmp_path / 'a.pyth')
    config = load_config(tiny_config)
    report = convert_checkpoint(config, tmp_path / 'a.pyth', tmp_path / 'a.pth')
    checkpoint = read_checkpoint(tmp_path / 'a.pth')
    assert set(checkpoint['state_dict']) == {f'backbone.{name}' for name in state}
    assert any(name.startswith('s5') for name in report.left_alone)
    assert 'vocab' not in checkpoint['meta']
    with pytest.raises(CheckpointError, match='is of cslrkit already'):
        convert_checkpoint(config, tmp_path / 'a.pth', tmp_path / 'b.pth')
    with pytest.raises(CheckpointError, match=r"got the name 'b.bin', expected one ending in .pth or .safetensors"):
        convert_checkpoint(config, tmp_path / 'a.pyth', tmp_path / 'b.bin')


@pytest.mark.slow
def test_a_file_by_the_recorded_rule_gives_the_recorded_logits(tmp_path):
    case = next(case for case in json.loads(MODEL_CASES.read_text()) if case['tag'] == 'single_head_r50_biadd2')
    state = {name: _fill_value(name, tuple(shape)) for name, shape in case['state_dict']}
    state['conv1d.fc.weight'] = state['classifier.weight']  # one tensor, so the last name counts
    torch.save(dict(epoch=1, model_state_dict=state), tmp_path / 'a.pt')
    (tmp_path / 'single.py').write_text(
        """
model = dict(
    type='CSLRRecognizer',
    backbone=dict(type='SlowFast', depth=50, layout='8x8', fusion='bi_add2'),
    neck=dict(type='TemporalConv'),
    head=dict(type='BiLSTMHead'),
    losses=[],
    decoder=dict(type='GreedyDecoder'),
)
"""
    )
    save_object(tmp_path / 'gloss_dict.npy', {f'G{index:03d}': [index, 1] for index in range(1, 12)})
    config = load_config(tmp_path / 'single.py', {'model.vocab': str(tmp_path / 'gloss_dict.npy')})
    report = convert_checkpoint(config, tmp_path / 'a.pt', tmp_path / 'a.pth')
    assert report.complete
    assert not report.conflicts
    model = MODELS.build(config.model).eval()
    model.load_state_dict(read_checkpoint(tmp_path / 'a.pth')['state_dict'])
    noise = np.random.RandomState(case['input_seed']).standard_normal((case['B'], case['T'], 3, 224, 224))
    with torch.no_grad():
        logits, _ = model.logits(torch.from_numpy(noise.astype(np.float32)), torch.tensor(case['lens']))
    for name, key in (('seq/main', 'sequence_logits'), ('conv/main', 'conv_logits')):
        recorded = torch.tensor(case['eval'][key]).transpose(0, 1)
        assert (logits[name] - recorded).abs().max() < 1e-4 * recorded.std()
