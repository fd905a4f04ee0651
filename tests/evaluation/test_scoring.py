import random

import pytest
from scorer_cases import plain_cost, random_sentence

from benchmarks.parity.sclite import sclite_report
from cslrkit.errors import ConfigError
from cslrkit.evaluation.functional import (
    WordCounts,
    align_sentences,
    compare_outputs,
    merge_repeats,
    score_sentence,
    score_sentences,
)


def ops(ref, hyp, **options):
    return ''.join(edit.op for edit in align_sentences([ref.split()], [hyp.split()], **options)[0])


@pytest.mark.parametrize(
    ('ref', 'hyp', 'expected'),
    [
        ('A B C', 'A B C', 'CCC'),
        ('A B C', 'A X C', 'CSC'),
        ('A B C', 'A C', 'CDC'),
        ('A C', 'A B C', 'CIC'),
        ('A B', 'B C', 'DCI'),  # 3 + 3 is cheaper than 4 + 4
        ('A B', '', 'DD'),
        ('', 'A', 'I'),
        ('', '', ''),
        # 'A X Y' against 'Y Z W': three substitutions cost 12, and so does D D C I I; the first goes.
        ('A X Y', 'Y Z W', 'SSS'),
    ],
)
def test_hand_worked_alignments(ref, hyp, expected):
    for prefer in ('deletion', 'insertion'):
        assert ops(ref, hyp, prefer=prefer) == expected


def test_the_two_scorers_decide_ties_differently():
    # Either 'B' or 'A' is matched, at 6. From the end: a deletion first, or an insertion first.
    assert ops('A B', 'B A', prefer='deletion') == 'ICD'
    assert ops('A B', 'B A', prefer='insertion') == 'DCI'


@pytest.mark.parametrize('prefer', ['deletion', 'insertion'])
def test_alignments_are_complete_and_cheapest(prefer):
    generator = random.Random(1)
    for _ in range(300):
        ref, hyp = (random_sentence(generator, 'ABC', 0, 8) for _ in range(2))
        (edits,) = align_sentences([ref], [hyp], prefer=prefer)
        assert [edit.ref for edit in edits if edit.op != 'I'] == list(range(len(ref)))
        assert [edit.hyp for edit in edits if edit.op != 'D'] == list(range(len(hyp)))
        assert all((ref[e.ref] == hyp[e.hyp]) == (e.op == 'C') for e in edits if e.op in 'CS')
        assert sum({'C': 0, 'S': 4, 'D': 3, 'I': 3}[edit.op] for edit in edits) == plain_cost(tuple(ref), tuple(hyp))


def test_python_mode_merges_and_sclite_mode_does_not():
    ref, hyp = ['A', 'B', 'C'], ['A', 'A', 'B', 'B']
    assert score_sentence(ref, hyp).counts == WordCounts(0, 1, 0, 1, 3, 2)  # A B against A B C
    # A A B B: A inserted, A and B found, then B for C.
    assert score_sentence(ref, hyp, mode='sclite').counts == WordCounts(1, 0, 1, 2, 3, 4)
    assert score_sentence(ref, hyp, mode='sclite', merge=True).counts == WordCounts(0, 1, 0, 1, 3, 2)
    assert score_sentence(ref, hyp, merge=False).counts == WordCounts(1, 0, 1, 2, 3, 4)


def test_sclite_mode_ignores_case_of_ascii_letters_only():
    assert score_sentence(['Ab', 'Ä'], ['aB', 'Ä'], mode='sclite').counts.errors == 0
    assert score_sentence(['Ä'], ['ä'], mode='sclite').counts.substitutions == 1
    assert score_sentence(['Ab'], ['aB']).counts.substitutions == 1


@pytest.mark.parametrize('mode', ['python', 'sclite'])
def test_an_empty_hypothesis_is_one_wrong_word(mode):
    score = score_sentence(['A', 'B', 'C'], [], mode=mode)
    assert (score.counts.substitutions, score.counts.deletions, score.counts.errors) == (1, 2, 3)
    assert score.counts.hyp_words == 1


def test_published_scorer_overlooks_gaps_of_asterisks():
    # 'A' found; '**' has no counterpart and is filled with '**', so it does not differ. Words with
    # an asterisk are taken for gaps: one reference word.
    counts = score_sentence(['A', '**'], ['A']).counts
    assert (counts.errors, counts.deletions, counts.ref_words) == (0, 1, 1)
    assert score_sentence(['A', '**'], ['A'], mode='sclite').counts.errors == 1


def test_counts_add_up():
    total = WordCounts(1, 2, 3, 6, 8, 9) + WordCounts(1, 0, 0, 1, 2, 2)
    assert total == WordCounts(2, 2, 3, 7, 10, 11)
    assert (total.wer, total.correct, total.percent(total.insertions)) == (70.0, 6, 30.0)


def test_sclite_report_rounds_halves_up():
    # 1 of 2000 is 0.05%, which sclite prints as 0.1; formatting alone gives 0.1 or 0.0.
    lines = sclite_report(WordCounts(1, 0, 0, 1, 2000, 2000))
    assert lines['Percent Total Error'] == 'Percent Total Error       =    0.1%   (   1)'
    assert lines['Percent Correct'] == 'Percent Correct           =  100.0%   (1999)'  # 99.95
    assert lines['Aligned words'] == 'Aligned words             =           (2000)'
    assert sclite_report(WordCounts(0, 0, 5, 5, 2, 7))['Percent Word Accuracy'].endswith('=  -150.0%')


def test_unknown_mode():
    with pytest.raises(ConfigError, match=r"mode: got 'nist', expected one of 'python', 'sclite'"):
        score_sentence(['A'], ['A'], mode='nist')


def test_merge_repeats():
    assert merge_repeats(['A', 'A', 'B', 'A', 'A', 'A']) == ['A', 'B', 'A']
    assert merge_repeats([]) == []


def test_many_sentences_score_as_each_alone():
    pairs = [('A B C', 'A X C D'), ('', 'A'), ('A', ''), ('A A', 'A A'), ('B', 'B'), ('A B A B', 'B A B A'), ('', '')]
    refs, hyps = ([sentence.split() for sentence in side] for side in zip(*pairs))
    for mode in ('python', 'sclite'):
        for empty_word in ('[EMPTY]', None):
            options = dict(mode=mode, empty_word=empty_word)
            alone = [score_sentence(ref, hyp, **options) for ref, hyp in zip(refs, hyps)]
            assert score_sentences(refs, hyps, **options) == alone
    alone = [compare_outputs([ref], [hyp], [ref]) for ref, hyp in zip(refs, hyps)]
    assert compare_outputs(refs, hyps, refs) == tuple(map(sum, zip(*alone)))
    assert score_sentences([], []) == []
