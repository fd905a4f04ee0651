import os

import pytest

from cslrkit.corpora import find_corpus
from cslrkit.corpora.packing import datasets_of_config, datasets_of_corpus, pack_dir_of
from cslrkit.corpora.synthsign import make_corpus
from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError, DataNotFoundError
from cslrkit.registry import DATASETS
from cslrkit.video.packed import default_pack_dir, pack_frames


@pytest.mark.parametrize('corpus', ['phoenix2014', 'phoenix2014-T', 'csl', 'csl-daily', 'custom'])
def test_every_corpus_packs_where_its_dataset_looks(tmp_path, corpus):
    summary = make_corpus(tmp_path, corpus=corpus, preset='tiny', size=(32, 80), progress=False, num_workers=1)
    own = find_corpus(corpus)
    subdir = None if own.recordings else os.path.relpath(summary.frame_dir, own.features_dir or '.')
    (dataset,) = datasets_of_corpus(corpus, str(tmp_path), splits=['dev'], frame_subdir=subdir)
    assert str(dataset.corpus) == corpus
    pack_frames(dataset, pack_dir_of(dataset), workers=1)
    shared = dict(type='CSLRDataset', corpus=corpus, data_root=str(tmp_path), split='dev', frame_subdir=subdir)
    shared['pipeline'] = [dict(type='LoadFrames')]
    packed = DATASETS.build(dict(shared, frames=dict(backend='packed')))
    folders = DATASETS.build(shared)
    assert (packed[0]['imgs'] == folders[0]['imgs']).all()


def test_default_folder():
    assert default_pack_dir('/data/p14/features/full', '/data/p14') == '/data/p14/packed/full'
    assert default_pack_dir('/data/csl', '/data/csl/') == '/data/csl/packed/frames'


def test_a_config_gives_each_split_once(tiny_config):
    config = load_config(tiny_config)
    config.test_dataloader.dataset.split = 'dev'
    assert [dataset.split for dataset in datasets_of_config(config)] == ['train', 'dev']
    assert [dataset.split for dataset in datasets_of_config(config, ['dev'])] == ['dev']
    parts = [
        config.train_dataloader.dataset,
        dict(type='RepeatDataset', times=2, dataset=config.val_dataloader.dataset),
    ]
    config.train_dataloader.dataset = dict(type='ConcatDataset', datasets=parts)
    assert [dataset.split for dataset in datasets_of_config(config)] == ['train', 'dev']
    with pytest.raises(ConfigError, match='got --split nope, it has train, dev'):
        datasets_of_config(config, ['dev', 'nope'])


def test_wrong_corpus(tmp_path, tiny_corpus):
    with pytest.raises(ConfigError, match=r"'phenix' is not registered in the corpus.*Did you mean 'phoenix2014'"):
        datasets_of_corpus('phenix', str(tmp_path))
    with pytest.raises(DataNotFoundError, match='prepare_data'):
        datasets_of_corpus('csl', str(tmp_path))
    with pytest.raises(ConfigError, match='got --split train2'):
        datasets_of_corpus('phoenix2014', str(tiny_corpus), splits=['train2'])
