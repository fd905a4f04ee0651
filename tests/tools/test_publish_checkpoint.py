import hashlib
import json

import pytest
import torch

from cslrkit.apis import publish_checkpoint
from cslrkit.apis.checkpoints import portable_config
from cslrkit.engine.checkpoint_io import read_checkpoint
from cslrkit.engine.config import load_config
from cslrkit.engine.stored_config import config_json
from cslrkit.errors import CheckpointError, ConfigError
from cslrkit.registry import MODELS


@pytest.fixture(scope='module')
def trained(tmp_path_factory, tiny_config):
    """What training leaves, in form: weights, optimizer, histories, config and vocabulary."""
    folder = tmp_path_factory.mktemp('work')
    config = load_config(tiny_config)
    config.work_dir = str(folder)
    model = MODELS.build(config.model)
    meta = dict(epoch=2, iter=8, cfg=config_json(config), vocab=model.vocab.glosses, experiment_name='x', seed=1)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.rand(1, 40, 3, 32, 32), torch.tensor([40]))[0]['seq/main'].sum().backward()
    optimizer.step()
    content = dict(state_dict=model.state_dict(), meta=meta, optimizer=optimizer.state_dict(), message_hub=dict(a=1))
    torch.save(content, folder / 'best_wer_epoch_2.pth')
    (folder / 'best_checkpoint').write_text('best_wer_epoch_2.pth')
    return folder, content


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['pth', 'safetensors'])
def test_published_weights_are_scored_and_named_by_their_hash(
    tmp_path, trained, tiny_config, tiny_corpus, run_tool, kind
):
    if kind == 'safetensors':
        pytest.importorskip('safetensors', reason='an optional package')
    folder, content = trained
    done = run_tool('publish_checkpoint.py', folder, tmp_path, '--format', kind, '--name', 'tiny')
    (path,) = tmp_path.iterdir()
    assert str(path) in done.stdout
    assert path.name == f'tiny-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.{kind}'
    assert path.stat().st_size < 0.5 * (folder / 'best_wer_epoch_2.pth').stat().st_size
    published = read_checkpoint(path)
    assert set(published) == {'state_dict', 'meta'}
    assert set(published['meta']) == {'cfg', 'vocab', 'cslrkit_version', 'epoch', 'iter'}
    assert published['meta']['vocab'] == content['meta']['vocab']
    assert str(tiny_corpus) not in published['meta']['cfg']
    assert str(folder) not in published['meta']['cfg']
    for name, value in content['state_dict'].items():
        assert torch.equal(published['state_dict'][name], value)
    assert publish_checkpoint(folder, tmp_path, suffix=f'.{kind}', name='tiny') == path  # equal content, equal name
    done = run_tool('test.py', tiny_config, path, '--work-dir', tmp_path / 'scores')
    assert 'test' in done.stdout
    done = run_tool('train.py', tiny_config, '--work-dir', tmp_path / 'run', '--resume', path, check=False)
    assert 'holds weights only' in done.stderr


def test_a_file_to_publish_into(tmp_path, trained):
    path = publish_checkpoint(trained[0], tmp_path / 'given/out.pth')
    assert (path, path.is_file(), len(list(path.parent.iterdir()))) == (tmp_path / 'given/out.pth', True, 1)
    assert read_checkpoint(path)['meta']['vocab'] == trained[1]['meta']['vocab']
    with pytest.raises(ConfigError, match=r"got the file '.*out\.pth' and also the format 'safetensors'"):
        publish_checkpoint(trained[0], path, suffix='.safetensors')
    with pytest.raises(ConfigError, match=r"and also the name 'tiny', expected one of the two"):
        publish_checkpoint(trained[0], path, name='tiny')


def test_what_cannot_be_published(tmp_path, trained, tiny_config):
    _, content = trained
    path = tmp_path / 'a.pth'
    torch.save(dict(state_dict=content['state_dict'], meta={}), path)
    with pytest.raises(CheckpointError, match=r"a\.pth' carries no config. Give it with --config"):
        publish_checkpoint(path, tmp_path)
    with pytest.raises(CheckpointError, match='has a classifier but no vocabulary'):
        publish_checkpoint(path, tmp_path, config=load_config(tiny_config))
    torch.save(dict(model_state_dict={}), path)
    with pytest.raises(CheckpointError, match=r"no 'state_dict'.*tools/convert_checkpoint\.py"):
        publish_checkpoint(path, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ['a.pth']


def test_a_portable_config_names_no_machine():
    portable = portable_config(
        dict(
            data_root='/home/me/corpora/phoenix2014',
            work_dir='work_dirs/mine',
            load_from=None,
            val_evaluator=dict(type='WERMetric', out_dir='/home/me/work'),
            test_evaluator=[dict(type='WERMetric', out_dir='/home/me/work', split='test')],
            model=dict(vocab='/home/me/corpora/phoenix2014/preprocess/gloss_dict.npy', work_dir='kept'),
            loader=dict(dataset=[dict(data_root='/data/extra', frames=[1, 2]), dict(data_root='relative/root')]),
        )
    )
    assert json.loads(portable) == dict(
        data_root='data/phoenix2014',
        val_evaluator=dict(type='WERMetric'),
        test_evaluator=[dict(type='WERMetric', split='test')],
        model=dict(vocab='data/phoenix2014/preprocess/gloss_dict.npy', work_dir='kept'),
        loader=dict(dataset=[dict(data_root='data/extra', frames=[1, 2]), dict(data_root='relative/root')]),
    )
