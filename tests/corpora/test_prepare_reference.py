"""The published lines give the published files."""

import os
from pathlib import Path

import pytest
from downloaded_corpora import write

from cslrkit.corpora import SPLITS, find_corpus, phoenix2014
from cslrkit.corpora.prepare import prepare_corpus
from cslrkit.evaluation.functional import load_stm
from cslrkit.utils.npy import load_object

REFERENCE = os.environ.get('CSLRKIT_REFERENCE_DATA')
pytestmark = pytest.mark.skipif(not REFERENCE, reason='CSLRKIT_REFERENCE_DATA does not name the reference data')
GLOSSES = {'phoenix2014': 1295, 'phoenix2014-T': 1115, 'csl': 179}


def published(layout):
    folder = Path(REFERENCE, 'preprocess', (find_corpus(layout).published_name or layout))
    infos = {s: load_object(folder / f'{s}_info.npy') for s in SPLITS if (folder / f'{s}_info.npy').exists()}
    return folder, infos


def rebuild(root, layout, folder, infos):
    """Write the annotation files from the lines that the info files keep."""
    spec = find_corpus(layout)
    lines = {s: [own['original_info'] for key, own in info.items() if key != 'prefix'] for s, info in infos.items()}
    if layout == 'csl-daily':
        rows = ''.join(f'{index}|{line}' for index, line in enumerate(line for own in lines.values() for line in own))
        write(root / spec.annotation_file, f'{spec.columns}\n{rows}')
        write(root / 'sentence_label/split_1.txt', (folder / 'split_1.txt').read_text(encoding='utf-8'))
    for split, own in lines.items() if layout != 'csl-daily' else ():
        if layout == 'phoenix2014' and split == 'train':  # the row that the published files lack
            own.insert(2390, f'{phoenix2014._BROKEN}|{phoenix2014._BROKEN}/1/*.png|Signer01|REGEN')
        text = ''.join(own) if layout == 'csl' else '\n'.join([spec.columns, *own])
        write(root / spec.annotation_file.format(split=split), text)


@pytest.mark.parametrize('layout', ['phoenix2014', 'phoenix2014-T', 'csl', 'csl-daily'])
def test_published_files(layout, tmp_path):
    folder, infos = published(layout)
    rebuild(tmp_path, layout, folder, infos)
    summary = prepare_corpus(tmp_path, layout)
    assert summary.num_samples == {s: sum(isinstance(key, int) for key in info) for s, info in infos.items()}
    for split, info in infos.items():
        own = load_object(summary.out / f'{split}_info.npy')
        assert list(own) == list(info)  # the order, and whether there is a prefix
        for key in info:
            if key != 'prefix':
                counted = layout != 'csl-daily'  # the frames are not distributed with the annotations
                assert own[key] == (dict(info[key], num_frames=0) if counted else info[key])
        stm = f'{(find_corpus(layout).published_name or layout)}-groundtruth-{split}.stm'
        assert (summary.out / stm).read_bytes() == (folder / stm).read_bytes()
    if 'train' in infos:
        assert load_object(summary.out / 'gloss_dict.npy') == load_object(folder / 'gloss_dict.npy')
        assert list(load_object(summary.out / 'gloss_dict.npy')) == list(load_object(folder / 'gloss_dict.npy'))
        assert summary.num_glosses == GLOSSES[layout]
        assert not any('published corpus' in note for note in summary.notes)
    else:  # the vocabulary of dev and test is a part of the published one
        assert set(load_object(summary.out / 'gloss_dict.npy')) < set(load_object(folder / 'gloss_dict.npy'))


@pytest.mark.parametrize(('split', 'sentences'), [('dev', 540), ('test', 629), ('train', 5671)])
def test_cleaned_references_are_the_ground_truth(split, sentences, tmp_path):
    folder, infos = published('phoenix2014')
    rebuild(tmp_path, 'phoenix2014', folder, infos)
    name = f'phoenix2014-groundtruth-{split}.stm'
    own = load_stm(prepare_corpus(tmp_path, 'phoenix2014').out / 'ground-truth' / name)
    truth = load_stm(Path(REFERENCE, 'ground-truth', name))
    assert len(own) == len(truth) == sentences
    assert {entry.sample_id: entry.words for entry in own} == {entry.sample_id: entry.words for entry in truth}
