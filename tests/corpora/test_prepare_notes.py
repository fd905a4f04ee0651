"""What preparing tells of a corpus that is not as it should be."""

import os

import pytest
from downloaded_corpora import (
    HEADER_2014,
    MAKERS,
    UNLISTED,
    write,
)

from cslrkit.corpora import find_corpus
from cslrkit.corpora.prepare import describe, find_frames, prepare_corpus
from cslrkit.errors import DataNotFoundError
from cslrkit.utils.npy import load_object


@pytest.mark.parametrize('layout', list(MAKERS))
def test_missing_frames_are_told_by_id(tmp_path, layout):
    corpus = find_corpus(layout)
    annotations = corpus.read(MAKERS[layout](tmp_path), 'train')
    frames = find_frames(corpus, tmp_path / corpus.find_frame_dir(tmp_path), annotations)
    assert [own.problem for own in frames] == [''] * len(annotations)
    for name in frames[0].names:
        os.rename(os.path.join(frames[0].place, name), os.path.join(frames[0].place, f'{name}.bak'))
    summary = prepare_corpus(tmp_path, layout)
    assert list(summary.splits['train'].missing_frames) == [annotations[0].sample_id]
    assert 'exists, but no file in it matches' in summary.splits['train'].missing_frames[annotations[0].sample_id]
    assert annotations[0].sample_id in describe(summary)
    assert len(load_object(summary.out / 'train_info.npy')) >= len(annotations)  # it is kept, as published


def test_fewer_frames_than_annotated(csl_daily):
    (csl_daily / 'sentence/frames_512x512' / UNLISTED / 'f0000.jpg').unlink()
    summary = prepare_corpus(csl_daily, 'csl-daily')
    assert summary.splits['train'].missing_frames == {UNLISTED: '4 frames of 5'}
    assert f'train: 1 sentence with missing frames:\n  {UNLISTED}: 4 frames of 5' in describe(summary)


@pytest.mark.parametrize('layout', list(MAKERS))
def test_annotations_without_any_frames(tmp_path, layout):
    MAKERS[layout](tmp_path, add_frames=lambda *args: None)
    summary = prepare_corpus(tmp_path, layout)
    for split, own in summary.splits.items():
        assert len(own.missing_frames) == own.num_sentences
        assert f'{split}: NO sentence has all its frames' in describe(summary)
    with pytest.raises(DataNotFoundError, match=r'has no folder|no sentence has frames'):
        prepare_corpus(tmp_path, layout, resize=(8, 8))


def test_summary(phoenix2014):
    summary = prepare_corpus(phoenix2014, 'phoenix2014')
    test = summary.splits['test']
    assert (test.num_sentences, test.num_frames, test.signers, test.num_words) == (1, 3, ('Signer01',), 2)
    assert summary.absent_from_train('test') == {'ABEND': 1}
    assert summary.absent_from_train('dev') == {}
    text = describe(summary)
    assert 'test: 1 gloss absent from train: ABEND (1)' in text
    assert 'note: dev: 1 sentence, the published corpus has 540' in text
    assert 'vocabulary: 3 glosses' in text


def test_notes_on_labels(phoenix2014):
    text = 'a|train-0/1/*.png|S|\nb|train-0/1/*.png|S|REGEN\u3000WOLKE\ndev-0|train-0/1/*.png|S|WOLKE\n'
    text += 'c|train-0/1/*.png|S|HALLO, W\u00c4RME\nd|train-0/1/*.png|S|WA\u0308RME\n'
    write(phoenix2014 / 'annotations/manual/train.corpus.csv', HEADER_2014 + text)
    notes = '\n'.join(prepare_corpus(phoenix2014, 'phoenix2014').notes)
    assert 'train: 1 sentence without glosses: a' in notes
    assert 'train: 1 label with white space other than spaces' in notes
    assert 'dev: in another split as well: dev-0' in notes
    assert 'different code points: W\u00c4RME. Write all in one Unicode form' in notes
    assert 'begin or end with a comma or semicolon: HALLO,. Glosses are separated by spaces alone' in notes
