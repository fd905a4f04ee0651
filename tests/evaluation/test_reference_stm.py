"""Scoring against the real references of the corpora, where they are."""

import os
import random
from pathlib import Path

import pytest
from scorer_cases import plain_cost

from cslrkit.evaluation.functional import WordCounts, dump_stm, load_stm, merge_repeats, score_sentence
from cslrkit.registry import NORMALIZERS
from cslrkit.utils.npy import load_object

FOLDER = os.environ.get('CSLRKIT_REFERENCE_DATA')
pytestmark = pytest.mark.skipif(not FOLDER, reason='CSLRKIT_REFERENCE_DATA does not name the reference data')


def ground_truth(split):
    return Path(FOLDER) / 'ground-truth' / f'phoenix2014-groundtruth-{split}.stm'


def corrupted(words, generator, others):
    """A copy with seeded substitutions, deletions and insertions, and how many of each were made."""
    hyp, made = [], {'S': 0, 'D': 0, 'I': 0}
    for word in words:
        draw = generator.random()
        if draw < 0.1:
            hyp.append(next(others))
            made['S'] += 1
        elif draw < 0.2:
            made['D'] += 1
        else:
            hyp.append(word)
        if generator.random() < 0.05:
            hyp.append(next(others))
            made['I'] += 1
    return hyp, made


def novel_words():
    index = 0
    while True:
        yield f'NOVEL{index}'
        index += 1


@pytest.mark.parametrize(('split', 'sentences'), [('dev', 540), ('test', 629)])
@pytest.mark.parametrize('mode', ['python', 'sclite'])
def test_corrupted_references(split, sentences, mode):
    entries = load_stm(ground_truth(split))
    assert len(entries) == sentences
    generator, others = random.Random(7), novel_words()
    exact = 0
    for entry in entries:
        ref = merge_repeats(entry.words)  # so that merging the hypothesis cannot change it
        hyp, made = corrupted(ref, generator, others)
        hyp = merge_repeats(hyp) or ['[EMPTY]']
        counts = score_sentence(ref, hyp, mode=mode).counts
        cost = 4 * counts.substitutions + 3 * (counts.deletions + counts.insertions)
        assert cost == plain_cost(tuple(ref), tuple(hyp))
        assert counts.deletions - counts.insertions == len(ref) - len(hyp)
        assert counts.errors == counts.substitutions + counts.deletions + counts.insertions
        exact += counts.errors == sum(made.values())
    # An insertion beside a deletion is a substitution, and the like: a few sentences differ.
    assert exact > 0.8 * sentences


@pytest.mark.parametrize('split', ['dev', 'test', 'train'])
def test_known_numbers_of_errors(split):
    """Every third sentence has its last word replaced, deleted, or a word put after it."""
    total, expected = WordCounts(), [0, 0, 0]
    for index, entry in enumerate(load_stm(ground_truth(split))):
        ref = list(entry.words)
        kind = index % 3
        hyp = [[*ref[:-1], 'NOVEL'], ref[:-1], [*ref, 'NOVEL']][kind]
        if not hyp:  # an empty hypothesis would be scored as a substitution
            hyp, kind = ['NOVEL'], 0
        expected[kind] += 1
        total += score_sentence(ref, hyp, merge=False).counts
    assert [total.substitutions, total.deletions, total.insertions] == expected
    assert total.errors == sum(expected)
    assert total.wer == pytest.approx(100 * sum(expected) / total.ref_words)


@pytest.mark.parametrize(('split', 'sentences'), [('dev', 540), ('test', 629), ('train', 5671)])
def test_cleaned_labels_are_the_ground_truth(split, sentences):
    normalizer = NORMALIZERS.build(dict(type='phoenix2014'))
    truth = {entry.sample_id: list(entry.words) for entry in load_stm(ground_truth(split))}
    info = load_object(Path(FOLDER) / 'preprocess' / 'phoenix2014' / f'{split}_info.npy')
    cleaned = {
        entry['fileid']: normalizer.reference([word for word in entry['label'].split(' ') if word], split=split)
        for key, entry in info.items()
        if key != 'prefix'
    }
    assert len(cleaned) == sentences
    assert cleaned == truth


def test_stm_files_survive_a_round_trip(tmp_path):
    paths = sorted(Path(FOLDER).rglob('*.stm'))
    assert len(paths) >= 10
    for path in paths:
        copy = tmp_path / path.name
        dump_stm(copy, load_stm(path))
        assert copy.read_text(encoding='utf-8').rstrip('\n') == path.read_text(encoding='utf-8').rstrip('\n'), path
