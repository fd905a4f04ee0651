"""Corpora by their names: in tools, configs and classes of a third party."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from cslrkit.corpora import Annotation, Corpus, find_corpus
from cslrkit.corpora.prepare import check_corpus, prepare_corpus
from cslrkit.corpora.synthsign import make_corpus
from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.registry import CORPORA, DATASETS

CONFIGS = Path(__file__).parents[2] / 'configs'
NAMES = ['csl', 'csl-daily', 'custom', 'phoenix2014', 'phoenix2014-T', 'synthsign']


def test_registered_names():
    CORPORA.import_from_location()
    own = [name for name, cls in CORPORA.module_dict.items() if cls.__module__.startswith('cslrkit.')]
    assert sorted(own) == NAMES
    assert [str(find_corpus(name)) for name in NAMES] == NAMES


@pytest.mark.parametrize(
    ('name', 'meant'),
    [('CSL', 'csl'), ('CSLDaily', 'csl-daily'), ('PHOENIX14-T', 'phoenix2014-T'), ('phoenix2014T', 'phoenix2014-T')],
)
def test_other_spellings_are_told_the_name(name, meant):
    with pytest.raises(ConfigError, match=f"'{name}' is not registered .*Did you mean .*'{meant}'"):
        find_corpus(name)


def test_a_config_names_the_place_of_an_unknown_corpus():
    with pytest.raises(ConfigError, match=r"^corpus: 'phoenix14' is not registered.*Did you mean 'phoenix2014'"):
        load_config(CONFIGS / 'slowfast/phoenix2014.py', {'corpus': 'phoenix14'})
    with pytest.raises(ConfigError, match=r"^val_dataloader\.dataset\.corpus: 'CSL'"):
        load_config(CONFIGS / 'slowfast/phoenix2014.py', {'val_dataloader.dataset.corpus': 'CSL'})


@pytest.mark.parametrize('path', sorted((CONFIGS / 'slowfast').glob('*.py')), ids=lambda path: path.stem)
def test_configs_name_their_corpus(path):
    config = load_config(path)
    corpus = find_corpus(config.corpus)
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        dataset = loader.dataset
        assert (dataset.type, dataset.corpus) == ('CSLRDataset', corpus.name)
        arguments = {key: value for key, value in dataset.pipeline[0].items() if key != 'type'}
        assert arguments == corpus.load_frames


def test_a_config_gives_a_corpus_arguments(tmp_path):
    path = tmp_path / 'own.py'
    path.write_text(
        f"_base_ = '{CONFIGS}/slowfast/synthsign.py'\n"
        "corpus = dict(_delete_=True, type='custom', table='x.csv')\ndata_root = 'data/own'\n"
    )
    assert load_config(path).val_dataloader.dataset.corpus == dict(type='custom', table='x.csv')
    path.write_text(path.read_text().replace('table=', 'tabel='))
    with pytest.raises(ConfigError, match=r"corpus\.tabel: Custom has no argument 'tabel'"):
        load_config(path)


def test_a_folder_that_010_drew_is_known_again(tmp_path):
    make_corpus(tmp_path, preset='tiny', size=(32, 32), progress=False, num_workers=1)
    record = json.loads((tmp_path / 'synthetic.json').read_text(encoding='utf-8'))
    record['layout'] = 'phoenix2014'
    del record['corpus']
    (tmp_path / 'synthetic.json').write_text(json.dumps(record), encoding='utf-8')
    frame = next(tmp_path.rglob('*.png'))
    frame.unlink()
    make_corpus(tmp_path, preset='tiny', size=(32, 32), progress=False, num_workers=1)
    assert not frame.exists()  # nothing was drawn again


class OneFile(Corpus):
    """A corpus whose one file names the split of each sentence."""

    annotation_file = 'all.tsv'
    columns = 'name\tsplit\tglosses'
    delimiter = '\t'

    def parse(self, row, line):
        return Annotation(
            row['name'], row['name'], row['glosses'], split={'valid': 'dev'}.get(row['split'], row['split'])
        )


def test_one_file_for_all_splits(tmp_path):
    (tmp_path / 'all.tsv').write_text('name\tsplit\tglosses\na\ttrain\tX Y\nb\tvalid\tY\n')
    corpus = OneFile()
    assert [(own.sample_id, own.original_info) for own in corpus.read(tmp_path, 'dev')] == [('b', 'b\tvalid\tY')]
    assert corpus.read(tmp_path, 'test') == []
    (tmp_path / 'all.tsv').write_text('name\tsplit\tglosses\na\ttraining\tX Y\n')
    with pytest.raises(DataError, match=r"all\.tsv', line 2: got the split 'training', expected one of train, dev"):
        corpus.read(tmp_path, 'dev')
    (tmp_path / 'all.tsv').write_text('name\tsplit\tglosses\na\ttrain\n')
    with pytest.raises(
        DataError, match=r"line 2: got 2 fields separated by '\\t', expected 3 \(name, split, glosses\)"
    ):
        corpus.read(tmp_path, 'dev')
    with pytest.raises(ConfigError, match="'OneFile' cannot be drawn: OneFile has no method 'row'"):
        make_corpus(tmp_path / 'drawn', corpus=corpus, preset='tiny')


class Films(Corpus):
    """A corpus of video files."""

    annotation_file = '{split}.csv'
    columns = 'clip|glosses'
    recordings = True
    optional_splits = ('dev', 'test')

    def parse(self, row, line):
        return Annotation(row['clip'], f'films/{row["clip"]}.avi', row['glosses'], frame_rate=12.5)


def test_a_corpus_of_video_files(tmp_path):
    (tmp_path / 'films').mkdir()
    film = cv2.VideoWriter(str(tmp_path / 'films/a.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 25.0, (48, 32))
    for index in range(4):
        film.write(np.full((32, 48, 3), 50 * index, np.uint8))
    film.release()
    (tmp_path / 'train.csv').write_text('clip|glosses\na|X Y\n')
    for size, folder in ((None, 'frames'), ((24, 16), 'frames-24x16px')):
        summary = prepare_corpus(tmp_path, Films(), resize=size, workers=1)
        assert summary.num_frames == {'train': 4}
        assert check_corpus(tmp_path, Films(), workers=1).problems == ()
        config = dict(type='CSLRDataset', data_root=str(tmp_path), split='train', pipeline=[dict(type='LoadFrames')])
        sample = DATASETS.build(dict(config, corpus=Films()))[0]
        assert (sample['imgs'].shape, sample['frame_rate']) == ((4, *(size or (48, 32))[::-1], 3), 12.5)
        assert (tmp_path / folder / 'a/000003.png').is_file()
    (tmp_path / 'films/a.avi').unlink()
    with pytest.raises(DataNotFoundError, match=r"train\.csv', line 2: sample 'a': '.*films/a\.avi' does not exist"):
        prepare_corpus(tmp_path, Films(), workers=1)
