import pytest
from score_cases import CTM, STM, write_files

from cslrkit.errors import DataError
from cslrkit.evaluation.report import (
    by_length,
    by_signer,
    compare_corpora,
    count_confusions,
    format_alignment,
    format_comparison,
    format_summary,
    score_files,
    summarize,
)
from cslrkit.utils.tables import format_table


@pytest.fixture
def corpus(tmp_path):
    return score_files(*write_files(tmp_path))


def test_groups(corpus):
    keys = ('name', 'num_sentences', 'errors', 'num_words')
    assert [tuple(group[key] for key in keys) for group in by_length(corpus.sentences)] == [
        ('1-5', 2, 1, 5),
        ('6-10', 1, 3, 6),
    ]
    assert [(g['name'], g['num_sentences'], g['wer']) for g in by_signer(corpus.sentences)] == [
        ('Ann', 2, pytest.approx(400 / 9)),
        ('Bo', 1, 0.0),
    ]


def test_lengths_in_order(tmp_path):
    counts = (0, 1, 5, 6, 25, 26, 40)
    stm = ''.join(f's{n} 1 s 0.0 1.0 {" ".join("A" * n)}\n' for n in reversed(counts))
    ctm = ''.join(f's{n} 1 0 1 A\n' for n in counts)
    groups = by_length(score_files(*write_files(tmp_path, stm, ctm)).sentences)
    assert [(group['name'], group['num_sentences']) for group in groups] == [
        ('0', 1),
        ('1-5', 2),
        ('6-10', 1),
        ('21-25', 1),
        ('26+', 2),
    ]
    assert groups[0]['wer'] is None


def test_confusions(corpus, tmp_path):
    found = count_confusions(corpus.sentences)
    # c: WOLKE WIND SCHNEE REGEN WIND KALT against WOLKE SCHNEE REGEN KALT IX
    assert found['substituted'] == [{'ref': 'REGEN', 'hyp': 'SCHNEE', 'count': 1}]
    assert found['deleted'] == [{'gloss': 'WIND', 'count': 2}]
    assert found['inserted'] == [{'gloss': 'IX', 'count': 1}]
    ctm = ''.join(line for line in CTM.splitlines(keepends=True) if not line.startswith('b'))
    for mode in ('python', 'sclite'):
        absent = count_confusions(score_files(*write_files(tmp_path, ctm=ctm), mode=mode).sentences)
        assert {confusion['gloss'].upper() for confusion in absent['deleted']} == {
            'WIND',
            'MORGEN',
            'SONNE',
        }  # not taken for [EMPTY]
        assert len(absent['substituted']) == 1


def test_summary(corpus):
    summary = summarize(corpus, resamples=200, seed=3)
    metrics = summary['metrics']
    assert metrics['wer'] == pytest.approx(400 / 11)
    assert (metrics['sub'], metrics['del'], metrics['ins']) == pytest.approx((100 / 11, 200 / 11, 100 / 11))
    assert (metrics['num_sentences'], metrics['num_words'], metrics['num_missing']) == (3, 11, 0)
    assert metrics['sentence_error_rate'] == pytest.approx(200 / 3)
    assert summary['interval']['low'] <= metrics['wer'] <= summary['interval']['high']
    assert summary['confusions']['substituted'] == [{'ref': 'REGEN', 'hyp': 'SCHNEE', 'count': 1}]
    assert summary['sentences'][0]['alignment'] == [
        ['C', 'HEUTE', 'HEUTE'],
        ['S', 'REGEN', 'SCHNEE'],
        ['C', 'NORD', 'NORD'],
    ]
    text = format_summary(summary, top=3)
    assert "scored      mode 'python', normalizer 'none', repeats merged" in text
    assert 'WER 36.36 %   95 % interval' in text
    assert 'REGEN          SCHNEE         1' in text
    assert 'Bo       0.00' in text
    assert 'most often' not in format_summary(summary, top=0)


def test_comparison(tmp_path, corpus):
    better = score_files(*write_files(tmp_path, ctm=CTM.replace('a 1 1 1 SCHNEE', 'a 1 1 1 REGEN')))
    comparison = compare_corpora(corpus, better, resamples=500)
    assert comparison['difference'] == pytest.approx(-100 / 11)
    assert (comparison['sentences_a_better'], comparison['sentences_b_better']) == (0, 1)
    assert comparison['sentences_equal'] == 2
    assert 0.5 < comparison['prob_b_better'] < 1
    text = format_comparison(summarize(corpus, resamples=500), summarize(better, resamples=500), comparison)
    assert 'B - A       -9.09 percent points' in text
    assert 'A better in 0, B better in 1, equal in 2' in text
    other = score_files(*write_files(tmp_path, STM.replace('c 1', 'd 1'), CTM.replace('c 1', 'd 1')))
    with pytest.raises(DataError, match='are scored on other sentences'):
        compare_corpora(corpus, other)


def test_alignments_stand_below_each_other(tmp_path):
    stm, ctm = 'a 1 s 0.0 1.0 今天 A BB\n', 'a 1 0 1 天\na 1 1 1 A\na 1 2 1 C\na 1 3 1 BB\n'
    summary = summarize(score_files(*write_files(tmp_path, stm, ctm)), resamples=10)
    assert format_alignment(summary['sentences'][0]).split('\n') == [
        'a (s): 3 words, 1 substituted, 0 deleted, 1 inserted',
        'REF  今天 A * BB',
        'HYP  天   A C BB',  # two columns each
        '     S      I',
    ]


def test_a_right_sentence_and_an_empty_one(tmp_path):
    summary = summarize(
        score_files(*write_files(tmp_path, 'a 1 s 0.0 1.0\nb 1 s 0.0 1.0 X\n', 'b 1 0 1 X\n'), mode='sclite'),
        resamples=10,
    )
    empty, right = map(format_alignment, summary['sentences'])
    assert empty == 'a (s): 0 words, 0 substituted, 0 deleted, 0 inserted'
    assert right.split('\n')[1:] == ['REF  x', 'HYP  x']


def test_tables_of_wide_characters():
    assert format_table(['gloss', 'times'], [['今天', '3'], ['e\u0301', '12']]).split('\n') == [
        'gloss  times',
        '今天       3',
        'e\u0301         12',
    ]
