import copy
import json
from pathlib import Path

import pytest

from benchmarks.parity import judge_decode, judge_wer

CONTENT = json.loads((Path(__file__).parents[2] / 'data' / 'decode_public.json').read_text())


def failing(content):
    return [index for index, result in enumerate(judge_decode.judge(content)) if not result.passed]


def only(index):
    return {'decode': [copy.deepcopy(CONTENT['decode'][index])]}


def test_every_case_passes():
    assert judge_decode.recognizes(CONTENT)
    assert not judge_wer.recognizes(CONTENT)
    results = list(judge_decode.judge(CONTENT))
    assert [result.failures for result in results] == [()] * 6
    assert all(result.deviation < 1e-4 for result in results)


@pytest.mark.parametrize('index', range(6))
@pytest.mark.parametrize('field', ['seed', 'B', 'T', 'V'])
def test_a_changed_formula_fails(index, field):
    content = only(index)
    content['decode'][0][field] += 1
    assert failing(content) == [0]


@pytest.mark.parametrize('index', range(6))
def test_changed_lengths_fail(index):
    content = only(index)
    content['decode'][0]['lens'][0] -= 1
    assert failing(content) == [0]


@pytest.mark.parametrize(
    ('index', 'field', 'value'),
    [
        (0, 'beam_width', 9),
        (0, 'beam_width', 11),
        (5, 'beam_width', 3),
        (1, 'cutoff_top_n', 2),
        (3, 'cutoff_top_n', 2),
        (4, 'cutoff_prob', 0.2),
        (0, 'kind', 'flat'),
        (2, 'kind', 'peaky'),
        (2, 'kind', 'other'),
        (2, 'best', None),
        (2, 'greedy', None),
    ],
)
def test_changed_settings_fail(index, field, value):
    content = only(index)
    if field == 'best':
        content['decode'][0]['best'][0] = []
    else:
        content['decode'][0][field] = value
    assert failing(content) == [0]


@pytest.mark.slow
@pytest.mark.parametrize('index', range(6))
@pytest.mark.parametrize('rank', [0, 4, -1])
def test_every_changed_number_of_a_beam_fails(index, rank):
    for clip in range(len(CONTENT['decode'][index]['beams'])):
        for field in ('tokens', 'timesteps'):
            for position in (0, -1):
                content = only(index)
                values = content['decode'][0]['beams'][clip][rank][field]
                if values:
                    values[position] += 1
                    assert failing(content) == [0], (clip, field, position)
        content = only(index)
        content['decode'][0]['beams'][clip][rank]['neg_log_prob'] += 0.002
        assert failing(content) == [0]


@pytest.mark.slow
@pytest.mark.parametrize('field', ['greedy', 'best'])
def test_every_changed_gloss_fails(field):
    for clip in (0, 5):
        for position in range(len(CONTENT['decode'][0][field][clip])):
            content = only(0)
            content['decode'][0][field][clip][position] += '1'
            assert failing(content) == [0]


@pytest.mark.parametrize('field', sorted(CONTENT['decode'][0]))
def test_malformed_cases_fail_without_a_traceback(field):
    for value in (None, 'text', -1, []):
        if (field, value) == ('best', None):
            continue  # a case of another beam width has none
        content = only(0)
        content['decode'][0][field] = value
        assert failing(content) == [0], value
    content = only(0)
    del content['decode'][0][field]
    assert failing(content) == [0]


def test_missing_beams_and_cases_that_are_no_cases_fail():
    content = only(0)
    content['decode'][0]['beams'][0].pop()
    assert failing(content) == [0]
    assert failing({'decode': [None, 3, []]}) == [0, 1, 2]


@pytest.mark.parametrize('content', [[], {}, {'decode': 3}, None, 'decode', [{'decode': []}]])
def test_other_content_is_not_recognized(content):
    assert not judge_decode.recognizes(content)
