import copy
import json
from pathlib import Path

import pytest

from benchmarks.parity import judge_decode, judge_wer

CONTENT = json.loads((Path(__file__).parents[2] / 'data' / 'wer_public.json').read_text())


def failing(content):
    return [index for index, result in enumerate(judge_wer.judge(content)) if not result.passed]


def only(index=1):
    return [copy.deepcopy(CONTENT[index])]


def test_every_case_passes():
    assert judge_wer.recognizes(CONTENT)
    assert not judge_decode.recognizes(CONTENT)
    assert [result.failures for result in judge_wer.judge(CONTENT)] == [()] * 2


@pytest.mark.parametrize('index', range(2))
def test_every_changed_count_fails(index):
    for sentence in range(0, len(CONTENT[index]['ids']), 3):
        for position in range(2):
            content = only(index)
            content[0]['per_sentence_errors_and_words'][sentence][position] += 1
            assert failing(content) == [0]


@pytest.mark.parametrize('factor', [1.000001, 0.99, -1])
def test_changed_wer_fails(factor):
    content = only()
    content[0]['wer_percent'] *= factor
    assert failing(content) == [0]


@pytest.mark.parametrize('line', range(12))
def test_every_changed_report_line_fails(line):
    content = only()
    text = content[0]['report'][line]
    content[0]['report'][line] = text[:-2] + str((int(text[-2]) + 1) % 10) + '%'
    assert failing(content) == [0]


@pytest.mark.parametrize('name', sorted(CONTENT[1]['sclite']))
def test_every_changed_line_of_sclite_fails(name):
    for changed in ([], ['x'], [CONTENT[1]['sclite'][name][0].replace(')', '0)')]):
        content = only()
        content[0]['sclite'][name] = changed
        assert failing(content) == [0]
    content = only()
    content[0]['sclite']['Percent Unknown'] = content[0]['sclite'].pop(name)
    assert failing(content) == [0]


@pytest.mark.parametrize('field', ['references', 'hypotheses', 'conv_hypotheses', 'scored_hypotheses'])
def test_changed_words_fail(field):
    for sentence in (0, 6, 24):
        content = only()
        content[0][field][sentence] = ['OTHER', *content[0][field][sentence], 'WORDS']
        assert failing(content) == [0], sentence


@pytest.mark.parametrize('field', sorted(CONTENT[0]))
def test_malformed_cases_fail_without_a_traceback(field):
    for value in (None, 3, [], [None] * 25):
        content = only()
        content[0][field] = value
        assert failing(content) == [0], value
    content = only()
    del content[0][field]
    assert failing(content) == [0]


def test_repeated_and_missing_entries_fail():
    content = only()
    content[0]['ids'][3] = content[0]['ids'][4]
    assert failing(content) == [0]
    content = only()
    content[0]['report'].pop()
    assert failing(content) == [0]


@pytest.mark.parametrize('content', [[], {}, None, [3], [{'kernel_size': []}], {'scored_hypotheses': []}])
def test_other_content_is_not_recognized(content):
    assert not judge_wer.recognizes(content)
