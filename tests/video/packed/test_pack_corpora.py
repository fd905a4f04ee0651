import os

import pytest

from cslrkit.corpora.packing import CORPORA, datasets_of_config, datasets_of_corpus, pack_dir_of
from cslrkit.corpora.synthsign import make_corpus
from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError, DataNotFoundError
from cslrkit.registry import DATASETS
from cslrkit.video.packed import default_pack_dir, pack_frames


@pytest.mark.parametrize('layout', [name for name in CORPORA if name != 'custom'])
def test_every_layout_packs_where_its_dataset_looks(tmp_path, layout):
    summary = make_corpus(tmp_path, layout=layout, preset='tiny', size=(32, 80), progress=False, num_workers=1)
    kind = DATASETS.lookup(CORPORA[layout])
    subdir = os.path.relpath(summary.frame_dir, kind.features_dir or '.')
    (dataset,) = datasets_of_corpus(layout, str(tmp_path), splits=['dev'], frame_subdir=subdir)
    assert type(dataset) is kind
    pack_frames(dataset, pack_dir_of(dataset), workers=1)
    shared = dict(frame_subdir=subdir, pipeline=[dict(type='LoadFrames')])
    packed = kind(str(tmp_path), 'dev', frames=dict(backend='packed'), **shared)
    folders = kind(str(tmp_path), 'dev', **shared)
    assert (packed[0]['imgs'] == folders[0]['imgs']).all()


def test_default_folder():
    assert default_pack_dir('/data/p14/features/full', '/data/p14') == '/data/p14/packed/full'
    assert default_pack_dir('/data/csl', '/data/csl/') == '/data/csl/packed/frames'


def test_a_config_gives_each_split_once(tiny_config):
    config = load_config(tiny_config)
    config.test_dataloader.dataset.split = 'dev'
    assert [dataset.split for dataset in datasets_of_config(config)] == ['train', 'dev']
    assert [dataset.split for dataset in datasets_of_config(config, ['dev'])] == ['dev']
    with pytest.raises(ConfigError, match='got --split nope, it has train, dev'):
        datasets_of_config(config, ['dev', 'nope'])


def test_wrong_corpus(tmp_path, tiny_corpus):
    with pytest.raises(ConfigError, match="'phenix' is neither a config file nor one of the corpora phoenix2014"):
        datasets_of_corpus('phenix', str(tmp_path))
    with pytest.raises(DataNotFoundError, match='prepare_data'):
        datasets_of_corpus('csl', str(tmp_path))
    with pytest.raises(ConfigError, match='got --split train2'):
        datasets_of_corpus('phoenix2014', str(tiny_corpus), splits=['train2'])
