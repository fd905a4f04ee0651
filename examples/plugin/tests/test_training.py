"""The config trains on a drawn corpus, by the command that a user types; the parts are listed."""

import subprocess
import sys

import pytest

from cslrkit.utils.components import list_components

CONFIG = 'cslrkit_example::light_synthsign.py'


@pytest.fixture(scope='module')
def corpus(tmp_path_factory):
    from cslrkit.testing.synthetic import make_corpus

    root = tmp_path_factory.mktemp('data') / 'synthsign'
    make_corpus(root, preset='tiny', size=(112, 112), progress=False, num_workers=1)
    return root


def test_trains(corpus, tmp_path):
    command = [sys.executable, '-m', 'cslrkit', 'train', CONFIG, '--work-dir', 'work', '--cfg-options']
    command += [f'data_root={corpus}', 'train_cfg.max_epochs=1', 'model.backbone.widths=[8,16]']
    command += ['train_dataloader.num_workers=0', 'val_dataloader.num_workers=0']
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'best dev WER' in done.stdout
    assert 'entropy_ctc' in next((tmp_path / 'work').rglob('*.log')).read_text()


def test_is_listed():
    found = list_components('decoders', search='cslrkit-example')
    assert [(component.name, component.package) for component in found] == [
        ('ThresholdDecoder', 'cslrkit-example 0.1.0')
    ]
