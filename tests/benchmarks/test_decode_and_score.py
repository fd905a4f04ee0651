"""The baselines of the benchmarks of decoding and scoring, and the tools in their short form."""

import json

import numpy as np
import pytest

from benchmarks import decode, score
from benchmarks.__main__ import main
from cslrkit.errors import ConfigError
from cslrkit.evaluation.functional import score_sentence
from cslrkit.evaluation.report import bootstrap_wer


def test_the_plain_search_by_hand():
    # '1' ends: 1-, -1, 11 with 0.6 * 0.5 + 0.4 * 0.5 + 0.6 * 0.5; '' has -- with 0.4 * 0.5.
    beams = decode.plain_prefix_search(np.array([[0.4, 0.6], [0.5, 0.5]], np.float32))
    assert [prefix for prefix, _ in beams[:2]] == [(1,), ()]
    assert np.exp([log_prob for _, log_prob in beams[:2]]) == pytest.approx([0.8, 0.2])


def test_the_plain_scorer_counts_as_the_scorer():
    refs, hyps = score.make_sentences(40, seed=2)
    scores = [score_sentence(ref, hyp, merge=False).counts for ref, hyp in zip(refs, hyps)]
    assert [score.plain_errors(ref, hyp) for ref, hyp in zip(refs, hyps)] == [counts.errors for counts in scores]
    assert (score.plain_errors([], ['A']), score.plain_errors(['A', 'B'], [])) == (1, 2)
    errors, words = [counts.errors for counts in scores], [counts.ref_words for counts in scores]
    assert score.plain_interval(errors, words) == pytest.approx(bootstrap_wer(errors, words), rel=1e-9)


def test_growth_names_what_grows(capsys):
    decode.show_growth('beam', [dict(beam=1, steps=5, sentences=2), dict(beam=2, steps=5, sentences=2)], rounds=1)
    line, parsed = capsys.readouterr().out.splitlines()
    assert line.startswith('decode: beam 2 against beam 1: ')
    assert json.loads(parsed)['ms_per_sentence'] > 0


def test_nothing_is_timed_where_results_differ(monkeypatch):
    monkeypatch.setattr(decode, 'plain_prefix_search', lambda probs: [((1, 2, 3), 0.0)])
    with pytest.raises(ConfigError, match='found different prefixes'):
        decode.compare(sentences=1, rounds=1)
    monkeypatch.setattr(score, 'plain_errors', lambda ref, hyp: 0)
    with pytest.raises(ConfigError, match='found different figures'):
        score.compare(5, rounds=1)


@pytest.mark.parametrize(('tool', 'options', 'rows'), [('decode', ['--sentences', '2'], 1), ('score', [], 2)])
def test_the_short_form(capsys, tool, options, rows):
    main([tool, '--short', '--rounds', '1', *options])
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{')]
    assert [record['benchmark'] for record in records] == [tool] * rows
    assert all(record['ratio'] > 0 for record in records)


def test_no_sentences():
    with pytest.raises(ConfigError, match='--sentences: got 0, expected at least 1'):
        main(['decode', '--sentences', '0'])
