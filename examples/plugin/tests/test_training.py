"""The config trains and tests on a drawn corpus, by the commands that a user types."""

import subprocess
import sys

import pytest

CONFIG = 'cslrkit_example::light_synthsign.py'


@pytest.fixture(scope='module')
def corpus(tmp_path_factory):
    from cslrkit.testing.synthetic import make_corpus

    root = tmp_path_factory.mktemp('data') / 'synthsign'
    make_corpus(root, preset='tiny', size=(112, 112), progress=False, num_workers=1)
    return root


def cslrkit(*arguments, cwd):
    command = [sys.executable, '-m', 'cslrkit', *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_trains_and_tests(corpus, tmp_path):
    options = ['--cfg-options', f'data_root={corpus}', 'train_cfg.max_epochs=1', 'model.backbone.widths=[8,16]']
    options += ['train_dataloader.num_workers=0', 'val_dataloader.num_workers=0', 'test_dataloader.num_workers=0']
    trained = cslrkit('train', CONFIG, '--work-dir', 'work', *options, cwd=tmp_path)
    assert 'best dev WER' in trained
    assert 'entropy_ctc' in next((tmp_path / 'work').rglob('*.log')).read_text()
    assert 'dev ' in cslrkit('test', CONFIG, 'work', '--split', 'dev', *options, cwd=tmp_path)


def test_is_listed():
    assert 'cslrkit-example 0.1.0' in cslrkit('list-components', 'decoders', cwd=None)
