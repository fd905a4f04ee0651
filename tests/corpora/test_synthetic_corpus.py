import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from cslrkit.corpora import find_corpus
from cslrkit.corpora.prepare import check_corpus
from cslrkit.corpora.synthsign import PRESETS, drawing, make_corpus
from cslrkit.errors import ConfigError, OutputError
from cslrkit.registry import DATASETS
from cslrkit.utils.npy import load_object

REPOSITORY = Path(__file__).parents[2]
CORPORA = {
    # corpus: frame folder, name of the corpus in file names, pattern of the frames below the folder
    'phoenix2014': ('features/fullFrame-64x64px', 'phoenix2014', 'train/*/1/*.avi_pid0_fn000000-0.png'),
    'phoenix2014-T': ('features/fullFrame-64x64px', 'phoenix2014-T', 'train/*/images0001.png'),
    'csl-daily': ('sentence/frames_64x104', 'CSL-Daily', 'S??????_P????_T0?/000000.jpg'),
    'csl': ('features/fullFrame-64x64px', 'CSL', 'video*/000000.jpg'),
    'custom': ('frames', 'custom', 'train-000?/000000.png'),
    'synthsign': ('features/fullFrame-64x64px', 'synthsign', 'train/*/1/*.avi_pid0_fn000000-0.png'),
}


def tree_hash(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in root.rglob('*') if path.is_file()):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def samples(root: Path, split: str):
    return [v for k, v in load_object(root / f'preprocess/{split}_info.npy').items() if k != 'prefix']


@pytest.fixture(scope='module')
def tiny(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp('tiny') / 'corpus', preset='tiny', num_workers=1)


@pytest.mark.parametrize('corpus', list(CORPORA))
def test_what_is_drawn_is_what_is_read(corpus, tmp_path):
    summary = make_corpus(tmp_path, corpus=corpus, preset='tiny', num_workers=1)
    frame_dir, stem, pattern = CORPORA[corpus]
    assert (summary.root, summary.corpus, summary.frame_dir) == (tmp_path, corpus, frame_dir)
    assert summary.num_samples == {'train': 8, 'dev': 3, 'test': 3}
    clips = 14 if corpus.startswith('csl') else 8
    assert len(list((tmp_path / frame_dir).glob(pattern))) == clips

    files = {path.name for path in (tmp_path / 'preprocess').iterdir() if path.is_file()}
    assert files == {
        'gloss_dict.npy',
        *(f'{split}_info.npy' for split in ('train', 'dev', 'test')),
        *(f'{stem}-groundtruth-{split}.stm' for split in ('train', 'dev', 'test')),
    }
    vocabulary = load_object(tmp_path / 'preprocess/gloss_dict.npy')
    assert list(vocabulary) == sorted(summary.glosses)
    for split, number in summary.num_samples.items():
        own = samples(tmp_path, split)
        assert len(own) == number
        assert sum(int(sample['num_frames']) for sample in own) == summary.num_frames[split]
        assert all(gloss in vocabulary for sample in own for gloss in sample['label'].split())
    total = sum(1 for path in (tmp_path / frame_dir).rglob('*.*') if path.suffix in ('.png', '.jpg'))
    assert total == sum(summary.num_frames.values())

    own = find_corpus(corpus)
    assert check_corpus(tmp_path, corpus, frame_dir=None if own.recordings else frame_dir, workers=1).problems == ()
    subdir = None if own.recordings else os.path.relpath(frame_dir, own.features_dir or '.')
    clips = json.loads((tmp_path / 'synthetic.json').read_text(encoding='utf-8'))['clips']
    for split in summary.num_samples:
        config = dict(type='CSLRDataset', corpus=corpus, data_root=str(tmp_path), split=split, frame_subdir=subdir)
        dataset = DATASETS.build(dict(config, on_unknown_gloss='error'))
        for sample_id, glosses in dataset.references.items():
            assert glosses == tuple(gloss for gloss, _, _ in clips[sample_id]['glosses'])
        sample = dataset[0]
        assert len(sample['frames']) == clips[sample['sample_id']]['num_frames']
        assert sample['signer'] in (clips[sample['sample_id']]['signer'], 'unknown')


def test_phoenix2014_names(tiny):
    line = (tiny.root / 'annotations/manual/dev.corpus.csv').read_text().splitlines()[1]
    name, folder, signer, label = line.split('|')
    assert folder == f'{name}/1/*.png'
    assert signer in tiny.signers['dev']
    assert set(label.split()) <= set(tiny.glosses)
    frames = sorted((tiny.root / tiny.frame_dir / 'dev' / name / '1').iterdir())
    broadcast = name.split('_default-')[0]
    assert [path.name for path in frames[:2]] == [f'{broadcast}.avi_pid0_fn00000{i}-0.png' for i in (0, 1)]
    assert cv2.imread(str(frames[0])).shape == (64, 64, 3)
    assert frames[0].stat().st_size < 6000


def test_splits(tiny):
    labels = {split: {sample['label'] for sample in samples(tiny.root, split)} for split in tiny.num_samples}
    assert not labels['train'] & labels['dev']
    assert not labels['train'] & labels['test']
    assert set(' '.join(labels['dev'] | labels['test']).split()) <= set(' '.join(labels['train']).split())
    assert set(tiny.signers['dev']) <= set(tiny.signers['train'])
    assert set(tiny.signers['test']) - set(tiny.signers['train']) == {'Signer03'}


def test_minimal_pairs(tiny):
    assert sorted(pair.component for pair in tiny.minimal_pairs) == ['handshape', 'movement']
    assert {gloss for pair in tiny.minimal_pairs for gloss in (pair.first, pair.second)} <= set(tiny.glosses)


def test_record_says_where_each_gloss_is(tiny):
    record = json.loads((tiny.root / 'synthetic.json').read_text())
    assert record['complete'] is True
    for split in tiny.num_samples:
        for sample in samples(tiny.root, split):
            clip = record['clips'][sample['fileid']]
            assert (clip['split'], clip['signer']) == (split, sample['signer'])
            assert clip['num_frames'] == sample['num_frames']
            assert [gloss for gloss, _, _ in clip['glosses']] == sample['label'].split()
            spans = [edge for _, start, end in clip['glosses'] for edge in (start, end)]
            assert spans == sorted(spans)
            assert 0 < spans[0] < spans[-1] < clip['num_frames']


def test_same_seed_same_bytes_for_any_number_of_processes(tiny, tmp_path):
    again = make_corpus(tmp_path / 'again', preset='tiny', num_workers=2)
    assert tree_hash(again.root) == tree_hash(tiny.root)
    other = make_corpus(tmp_path / 'other', preset='tiny', seed=1)
    assert tree_hash(other.root) != tree_hash(tiny.root)


def test_corpora_hold_the_same_pictures(tiny, tmp_path):
    other = make_corpus(tmp_path, corpus='phoenix2014-T', preset='tiny')

    def pictures(root):
        return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob('*.png'))

    assert pictures(other.root) == pictures(tiny.root)


def test_asking_again_draws_nothing(tiny):
    frame = next((tiny.root / tiny.frame_dir).rglob('*.png'))
    before = frame.stat().st_mtime_ns
    assert make_corpus(tiny.root, preset='tiny') == tiny
    assert frame.stat().st_mtime_ns == before


def test_another_corpus_in_the_folder(tiny):
    with pytest.raises(OutputError, match=r'holds another synthetic corpus\. Give a new folder'):
        make_corpus(tiny.root, preset='tiny', seed=5)


def test_folder_in_use(tmp_path):
    (tmp_path / 'thesis.txt').touch()
    with pytest.raises(OutputError, match=r'is not empty\. Give a new or empty folder'):
        make_corpus(tmp_path, preset='tiny')


def test_interrupted_corpus_is_drawn_anew(tiny, tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(drawing, 'draw_signer', interrupt)
        with pytest.raises(KeyboardInterrupt):
            make_corpus(tmp_path, preset='tiny')
    assert json.loads((tmp_path / 'synthetic.json').read_text())['complete'] is False
    make_corpus(tmp_path, preset='tiny')
    assert tree_hash(tmp_path) == tree_hash(tiny.root)


def test_unwritable_root(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(OutputError, match='is not empty'):
        make_corpus(tmp_path / 'file', preset='tiny')
    with pytest.raises(OutputError, match=r'cannot be written'):
        make_corpus(tmp_path / 'file/below', preset='tiny')


def test_size_names_the_folder(tmp_path):
    spec = replace(PRESETS['tiny'], num_sentences={'train': 6, 'dev': 1, 'test': 1}, frame_size=(48, 40))
    assert make_corpus(tmp_path / 'a', preset=spec).frame_dir == 'features/fullFrame-48x40px'
    summary = make_corpus(tmp_path / 'b', corpus='csl-daily', preset=spec, size=(64, 96))
    assert summary.frame_dir == 'sentence/frames_64x96'
    frame = next((summary.root / summary.frame_dir).rglob('*.jpg'))
    assert cv2.imread(str(frame)).shape == (96, 64, 3)


def test_wrong_arguments(tmp_path):
    with pytest.raises(ConfigError, match=r"no preset 'smal'.*Did you mean 'small'"):
        make_corpus(tmp_path, preset='smal')
    with pytest.raises(
        ConfigError, match=r"'phoenix' is not registered in the corpus registry\. Did you mean 'phoenix2014'"
    ):
        make_corpus(tmp_path, corpus='phoenix', preset='tiny')
    with pytest.raises(ConfigError, match='got 64x64, expected at least 72 rows'):
        make_corpus(tmp_path, corpus='csl-daily', preset='tiny', size=(64, 64))
    assert not any(tmp_path.iterdir())


def run_tool(*arguments):
    command = [sys.executable, str(REPOSITORY / 'tools/make_synthetic.py'), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_tool(tiny, tmp_path):
    result = run_tool(tmp_path / 'out', '--preset', 'tiny')
    assert result.returncode == 0, result.stderr
    assert 'train    8 sentences' in result.stdout
    assert 'minimal pair (movement)' in result.stdout
    assert tree_hash(tmp_path / 'out') == tree_hash(tiny.root)


@pytest.mark.slow
def test_tool_reports_mistakes_in_a_line(tmp_path):
    (tmp_path / 'thesis.txt').touch()
    result = run_tool(tmp_path, '--preset', 'tiny')
    assert result.returncode == 1
    assert result.stderr.startswith('error: ')
    assert 'Traceback' not in result.stderr
    assert 'expected WIDTHxHEIGHT' in run_tool(tmp_path, '--size', '210').stderr
