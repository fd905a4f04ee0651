"""Several checkpoints decoded together."""

import json

import pytest
import torch

from cslrkit.apis import evaluate_model, init_recognizer
from cslrkit.apis.fusion import MeanFusion
from cslrkit.datasets.seeded_dataset import SeededDataset
from cslrkit.engine.complete import EvalOptions, complete
from cslrkit.engine.config import load_config
from cslrkit.engine.stored_config import config_json
from cslrkit.errors import CheckpointError, DataError
from cslrkit.registry import MODELS
from cslrkit.utils.tensor_files import read_tensor_file, write_tensor_file


@pytest.fixture(scope='module')
def another(tmp_path_factory, untrained_checkpoint):
    """A checkpoint like the untrained one, with other weights."""
    content = read_tensor_file(untrained_checkpoint)
    path = tmp_path_factory.mktemp('another') / 'net.pth'
    state = {name: -value if 'classifiers' in name else value for name, value in content['state_dict'].items()}
    write_tensor_file(path, state, content['meta'])
    return path


@pytest.fixture(scope='module')
def config(tiny_config, untrained_checkpoint):
    return complete(load_config(tiny_config), EvalOptions(untrained_checkpoint, split='dev'))


def encoded(checkpoint, config, count=2):
    """What a checkpoint says of the first clips."""
    model, _ = init_recognizer(checkpoint, config)
    dataset = SeededDataset(config.test_dataloader.dataset)  # the frames that a test reads
    items = [dataset[index] for index in range(count)]
    data = dict(inputs=[item['inputs'] for item in items], data_samples=[item['data_samples'] for item in items])
    with torch.no_grad():
        return model, model.encode(**model.data_preprocessor(data, False))


def test_the_mean_of_log_probabilities_is_decoded(config, untrained_checkpoint, another):
    model, one = encoded(untrained_checkpoint, config)
    _, other = encoded(another, config)
    fused = MeanFusion(model, config, [another])(one)
    for name in model.decode_outputs:
        expected = ((one.log_probs[name] + other.log_probs[name]) / 2).log_softmax(-1)
        for row, length in enumerate(one.feat_lens):
            torch.testing.assert_close(fused.log_probs[name][row, :length], expected[row, :length])
    assert not torch.allclose(fused.log_probs['seq/main'], one.log_probs['seq/main'])


def test_a_checkpoint_fused_with_itself_scores_as_it_does(tiny_config, untrained_checkpoint, tmp_path):
    settings = dict(split='dev', work_dir=tmp_path)
    alone = evaluate_model(load_config(tiny_config), untrained_checkpoint, **settings)
    fuse_with = [untrained_checkpoint.parent]  # a work directory
    assert evaluate_model(load_config(tiny_config), untrained_checkpoint, fuse_with=fuse_with, **settings) == alone


def test_another_vocabulary_and_other_steps_are_errors(config, untrained_checkpoint, tmp_path):
    content = read_tensor_file(untrained_checkpoint)
    model, batch = encoded(untrained_checkpoint, config)
    meta = dict(content['meta'], vocab=[f'{gloss}2' for gloss in content['meta']['vocab']])
    values = json.loads(meta['cfg'])
    values['model']['vocab'] = None
    write_tensor_file(tmp_path / 'vocab.pth', content['state_dict'], {**meta, 'cfg': json.dumps(values)})
    with pytest.raises(CheckpointError, match=r"fuse: '.*vocab\.pth' was trained on .* Fuse checkpoints of one"):
        MeanFusion(model, config, [tmp_path / 'vocab.pth'])

    config.model.neck.kernel_spec = ['K5', 'P2', 'K5', 'P2']
    short = MODELS.build(config.model)
    meta = dict(content['meta'], cfg=config_json(config))
    write_tensor_file(tmp_path / 'steps.pth', short.state_dict(), meta)
    with pytest.raises(DataError, match=r"sample '.*' has \d+ steps, but \d+ of '.*steps\.pth'"):
        MeanFusion(model, config, [tmp_path / 'steps.pth'])(batch)


def test_the_tool_wants_to_be_told_how_to_fuse(run_tool, tiny_config, untrained_checkpoint):
    done = run_tool('test.py', tiny_config, untrained_checkpoint, untrained_checkpoint, check=False)
    assert done.returncode
    assert 'several with --fuse mean' in done.stderr
    done = run_tool(
        'test.py', tiny_config, untrained_checkpoint, untrained_checkpoint, '--split', 'dev', '--fuse', 'mean'
    )
    assert f'checkpoints: {untrained_checkpoint}, {untrained_checkpoint}' in done.stdout
