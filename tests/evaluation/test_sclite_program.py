"""Compares mode 'sclite' with NIST's program, where it is installed (Debian: package sctk)."""

import json
import os
import random
from pathlib import Path

import pytest
from sclite_program import needs_sclite, run_sclite
from scorer_cases import random_sentence

from benchmarks.parity.sclite import sclite_report
from cslrkit.evaluation.functional import CtmEntry, StmEntry, dump_ctm, dump_stm, load_stm
from cslrkit.evaluation.functional.wer import EMPTY
from cslrkit.evaluation.report import score_files

pytestmark = needs_sclite
FOLDER = os.environ.get('CSLRKIT_REFERENCE_DATA')
GOLDEN = Path(__file__).parents[1] / 'data' / 'wer_public.json'
VOCABULARIES = (['A', 'b', 'B'], ['A', 'B', 'C', 'c'], ['Ä', 'ä', '他', '今天', 'é'], [f'W{i}' for i in range(20)])
SCRIPTS = (
    (0x41, 0x5A),
    (0x61, 0x7A),
    (0xC0, 0x17F),
    (0x300, 0x32F),
    (0x400, 0x44F),
    (0x4E00, 0x4E40),
    (0x1F600, 0x1F620),
)


def counts_of(sentence):
    counts = sentence.score.counts
    return counts.correct, counts.substitutions, counts.deletions, counts.insertions


def compare(folder, sentences, *, write_empty=True):
    """Score (id, ref, hyp), sorted by id, with the program and from the same files here."""
    dump_stm(folder / 'ref.stm', [StmEntry(sample_id, ' '.join(ref)) for sample_id, ref, _ in sentences])
    words = [
        CtmEntry(sample_id, position, 1, word)
        for sample_id, _, hyp in sentences
        for position, word in enumerate(hyp or [EMPTY] * write_empty)
    ]
    dump_ctm(folder / 'hyp.ctm', words, comment='start and duration in frames')
    printed, lines = run_sclite(folder, 'ref.stm', 'hyp.ctm')
    corpus = score_files(folder / 'ref.stm', folder / 'hyp.ctm', mode='sclite')
    assert len(printed) == len(corpus.sentences) == len(sentences)
    for sentence, expected in zip(corpus.sentences, printed):
        assert counts_of(sentence) == expected, (sentence.sample_id, sentence.score.ref, sentence.score.hyp)
    for line in sclite_report(corpus.total).values():
        assert line in lines
    return corpus


def random_vocabulary(generator):
    """A few words of letters of any script, some of which differ by case or by an accent."""
    words = set()
    while len(words) < generator.randint(3, 9):
        low, high = generator.choice(SCRIPTS)
        word = ''.join(chr(generator.randint(low, high)) for _ in range(generator.randint(1, 3)))
        words.update([word, generator.choice([word, word.lower(), word.upper(), f'{word}-{word}', f'{word}+7'])])
    return sorted(words)


@pytest.mark.parametrize('seed', range(4))
def test_same_counts_for_every_sentence(tmp_path, seed):
    generator = random.Random(seed)
    sentences = []
    for index in range(800):
        words = generator.choice(VOCABULARIES) if index % 2 else random_vocabulary(generator)
        ref, hyp = random_sentence(generator, words, 0, 12), random_sentence(generator, words, 0, 12)
        sentences.append((f's{index:04d}', ref, hyp))
    compare(tmp_path, sentences)


def test_sentences_that_the_ctm_file_lacks(tmp_path):
    generator = random.Random(5)
    sentences = [
        (f's{index:04d}', random_sentence(generator, 'ABC', 0, 5), random_sentence(generator, 'ABC', 0, 2))
        for index in range(200)
    ]
    corpus = compare(tmp_path, sentences, write_empty=False)
    assert any(sentence.missing for sentence in corpus.sentences)


def test_the_recorded_sentences(tmp_path):
    for case in json.loads(GOLDEN.read_text(encoding='utf-8')):
        compare(tmp_path, sorted(zip(case['ids'], case['references'], case['scored_hypotheses'])))


@pytest.mark.skipif(not FOLDER, reason='CSLRKIT_REFERENCE_DATA does not name the reference data')
@pytest.mark.parametrize('split', ['dev', 'test', 'train'])
def test_the_real_ground_truth_against_corrupted_copies(tmp_path, split):
    truth = load_stm(Path(FOLDER) / 'ground-truth' / f'phoenix2014-groundtruth-{split}.stm')
    vocabulary = sorted({word for entry in truth for word in entry.words})
    generator = random.Random(11)
    sentences = []
    for entry in sorted(truth, key=lambda entry: entry.sample_id):
        hyp = []
        for word in entry.words:
            draw = generator.random()
            hyp += [] if draw < 0.1 else [generator.choice(vocabulary)] if draw < 0.2 else [word]
            hyp += [generator.choice([word, *vocabulary])] * (generator.random() < 0.07)
        sentences.append((entry.sample_id, list(entry.words), hyp))
    total = compare(tmp_path, sentences).total
    assert 15 < total.wer < 35
