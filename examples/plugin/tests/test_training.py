"""The config trains on a drawn corpus, and the parts are listed."""

from cslrkit.apis import train_model
from cslrkit.corpora.synthsign import make_corpus
from cslrkit.doctor.components import list_components
from cslrkit.engine.config import load_config


def test_trains(tmp_path):
    make_corpus(tmp_path / 'data', preset='tiny', size=(112, 112), progress=False, num_workers=1)
    overrides = {
        'data_root': str(tmp_path / 'data'),
        'train_cfg.max_epochs': 1,
        'model.backbone.widths': [8, 16],
        'train_dataloader.num_workers': 0,
        'val_dataloader.num_workers': 0,
    }
    runner = train_model(load_config('cslrkit_example::light_synthsign.py', overrides), tmp_path / 'work')
    assert runner.epoch == 1
    assert type(runner.model.backbone).__name__ == 'DepthwiseR2Plus1D'
    assert list((tmp_path / 'work').glob('best_wer_*.pth'))
    assert 'entropy_ctc' in next((tmp_path / 'work').rglob('*.log')).read_text()


def test_is_listed():
    found = list_components('decoders', search='cslrkit-example')
    assert [(component.name, component.package) for component in found] == [
        ('ThresholdDecoder', 'cslrkit-example 0.1.0')
    ]
