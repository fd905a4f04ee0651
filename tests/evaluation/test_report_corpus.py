import json
from pathlib import Path

import pytest
from score_cases import CTM, STM, write_files

from benchmarks.parity.sclite import sclite_report
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.evaluation.functional import CtmEntry, StmEntry, WordCounts, dump_ctm, dump_stm
from cslrkit.evaluation.report import score_files
from cslrkit.registry import NORMALIZERS

GOLDEN = json.loads((Path(__file__).parents[1] / 'data' / 'wer_public.json').read_text(encoding='utf-8'))


def test_hand_worked_counts(tmp_path):
    corpus = score_files(*write_files(tmp_path))
    assert corpus.total == WordCounts(1, 2, 1, 4, 11, 10)
    assert [(s.sample_id, s.signer, s.score.counts.errors) for s in corpus.sentences] == [
        ('a', 'Ann', 1),
        ('b', 'Bo', 0),
        ('c', 'Ann', 3),
    ]
    assert corpus.notes == []
    assert (corpus.settings['merge_repeats'], corpus.settings['missing']) == (True, 'empty')


@pytest.mark.parametrize('case', GOLDEN, ids=range(len(GOLDEN)))
@pytest.mark.parametrize('cleaned', [False, True])
def test_recorded_figures_from_files(tmp_path, case, cleaned):
    """Raw hypotheses and a normalizer, or cleaned ones: the recorded counts of both scorers."""
    hyps = case['scored_hypotheses' if cleaned else 'hypotheses']
    dump_stm(tmp_path / 'ref.stm', [StmEntry(i, ' '.join(words)) for i, words in zip(case['ids'], case['references'])])
    words = [CtmEntry(i, at, 1, word) for i, hyp in zip(case['ids'], hyps) for at, word in enumerate(hyp)]
    dump_ctm(tmp_path / 'hyp.ctm', words)
    options = {'normalizer': 'none' if cleaned else 'phoenix2014'}
    corpus = score_files(tmp_path / 'ref.stm', tmp_path / 'hyp.ctm', **options)
    found = [[s.score.counts.errors, s.score.counts.ref_words] for s in corpus.sentences]
    assert found == case['per_sentence_errors_and_words']
    assert corpus.total.wer == pytest.approx(case['wer_percent'])
    corpus = score_files(tmp_path / 'ref.stm', tmp_path / 'hyp.ctm', mode='sclite', **options)
    assert {name: [line] for name, line in sclite_report(corpus.total).items() if name in case['sclite']} == {
        name: lines for name, lines in case['sclite'].items() if name != 'Percent Word Accuracy'
    }


@pytest.mark.parametrize(
    ('options', 'expected', 'rule'),
    [
        ({}, (1, 1), "the one word '\\[EMPTY\\]'"),
        ({'mode': 'sclite'}, (0, 2), 'deletions'),
        ({'mode': 'sclite', 'missing': 'empty'}, (1, 1), 'EMPTY'),
        ({'mode': 'sclite', 'normalizer': 'phoenix2014'}, (1, 1), 'EMPTY'),
        ({'missing': 'deleted'}, (0, 2), 'deletions'),
    ],
)
def test_sentences_without_a_word(tmp_path, options, expected, rule):
    lines = ''.join(line for line in CTM.splitlines(keepends=True) if not line.startswith('b'))
    corpus = score_files(*write_files(tmp_path, ctm=lines), **options)
    counts = corpus.sentences[1].score.counts
    assert (counts.substitutions, counts.deletions) == expected
    assert corpus.sentences[1].missing
    (note,) = corpus.notes
    assert 'has no word of 1 of 3 sentences (b); they count as' in note
    with pytest.raises(DataError, match=r'no word of 1 of 3 sentences \(b\)\. Decode them, too'):
        score_files(*write_files(tmp_path, ctm=lines), **{**options, 'missing': 'error'})


def test_a_hypothesis_that_is_cleaned_away_is_empty_in_either_mode(tmp_path):
    files = write_files(tmp_path, 'a 1 s 0.0 1.0 A B\n', 'a 1 0 1 __PU__\n')
    for mode in ('python', 'sclite'):
        corpus = score_files(*files, mode=mode, normalizer='phoenix2014')
        assert (corpus.total.substitutions, corpus.total.deletions, corpus.notes) == (1, 1, [])


def test_raw_references_are_pointed_out_and_can_be_cleaned(tmp_path):
    files = write_files(tmp_path, 'a 1 s 0.0 1.0 loc-NORD __PU__\nb 1 s 0.0 1.0 X\n', 'a 1 0 1 NORD\nb 1 0 1 X\n')
    corpus = score_files(*files, normalizer='phoenix2014')
    assert corpus.total.errors == 2
    assert "the normalizer 'phoenix2014' would change 1 of 2 references" in corpus.notes[0]
    corpus = score_files(*files, normalizer='phoenix2014', clean_ref='dev')
    assert (corpus.total.errors, corpus.total.ref_words, corpus.notes) == (0, 2, [])


def test_a_normalizer_of_ones_own(tmp_path):
    @NORMALIZERS.register_module(name='lower-for-test')
    class Lower:
        def hypothesis_word(self, word):
            return word.lower()

        def reference(self, words, *, split):
            return tuple(word.lower() for word in words)

    try:
        files = write_files(tmp_path, 'a 1 s 0.0 1.0 A b\n', 'a 1 0 1 a\na 1 1 1 B\n')
        assert score_files(*files, normalizer='lower-for-test', clean_ref='test').total.errors == 0
        assert score_files(*files, normalizer='lower-for-test').total.errors == 1
    finally:
        NORMALIZERS.module_dict.pop('lower-for-test')


def test_merging(tmp_path):
    files = write_files(tmp_path, 'a 1 s 0.0 1.0 A B\n', 'a 1 0 1 A\na 1 1 1 A\na 1 2 1 B\n')
    assert [score_files(*files, merge_repeats=merge).total.insertions for merge in (None, True, False)] == [0, 0, 1]
    assert score_files(*files, mode='sclite').total.insertions == 1
    assert score_files(*files, mode='sclite', merge_repeats=True).total.insertions == 0


@pytest.mark.parametrize(
    ('stm', 'ctm', 'message'),
    [
        ('', CTM, r"STM file: '.*ref\.stm' holds no sentence"),
        (';; only a comment\n\n', CTM, 'holds no sentence'),
        (STM, '', r"CTM file: '.*hyp\.ctm' holds no word, expected hypotheses"),
        (
            STM,
            f'{CTM}d 1 0 1 X\ne 1 0 1 X\n',
            r'has words of 2 samples that .* does not have: d, e\. Are both of one split',
        ),
        (STM, CTM.replace('b 1', 'b A'), "sample 'b': got channel 'A', expected '1'"),
        ('a 1 s 0.0 1.0 \nb 1 s 0.0 1.0\nc 1 s 0.0 1.0\n', CTM, 'its 3 sentences hold no word'),
    ],
)
def test_files_that_do_not_belong_together(tmp_path, stm, ctm, message):
    with pytest.raises(DataError, match=message):
        score_files(*write_files(tmp_path, stm, ctm))


@pytest.mark.parametrize('word', ['(A)', '@', '{', 'A;x', 'ignore_time_segment_in_scoring'])
def test_words_that_are_markup_to_sclite(tmp_path, word):
    files = write_files(tmp_path, f'a 1 s 0.0 1.0 A {word}\n', 'a 1 0 1 A\n')
    with pytest.raises(DataError, match=r"sample 'a': got the word .* which sclite reads as markup"):
        score_files(*files, mode='sclite')
    assert score_files(*files).total.deletions == 1


def test_wrong_settings(tmp_path):
    files = write_files(tmp_path)
    with pytest.raises(ConfigError, match="mode: got 'nist', expected one of"):
        score_files(*files, mode='nist')
    with pytest.raises(ConfigError, match="missing: got 'skip', expected one of"):
        score_files(*files, missing='skip')
    with pytest.raises(ConfigError, match=r"'phoenix' is not registered in the normalizer registry.*'phoenix2014'"):
        score_files(*files, normalizer='phoenix')
    with pytest.raises(DataNotFoundError, match=r"CTM file: '.*gone' does not exist"):
        score_files(files[0], tmp_path / 'gone')
