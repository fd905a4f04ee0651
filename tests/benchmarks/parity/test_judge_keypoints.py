import copy
import json
from pathlib import Path

import pytest

from benchmarks.parity import judge_keypoints

CONTENT = json.loads((Path(__file__).parents[2] / 'data' / 'zoo_keypoint_preprocess_public.json').read_text())


def numbers_in(value, path=()):
    """Paths of all numbers in nested lists and dicts."""
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [found for key, inner in items for found in numbers_in(inner, (*path, key))]
    return [path] if isinstance(value, (int, float)) else []


def changed(case, path):
    """The case with one number changed: a whole one by 1, another by a thousandth of itself."""
    case = copy.deepcopy(case)
    holder = case
    for key in path[:-1]:
        holder = holder[key]
    number = holder[path[-1]]
    holder[path[-1]] = number + 1 if isinstance(number, int) else number * 1.001
    return case


def passed(case):
    return all(result.passed for result in judge_keypoints.judge([case]))


def test_every_case_passes():
    assert judge_keypoints.recognizes(CONTENT)
    assert [result.failures for result in judge_keypoints.judge(CONTENT)] == [()] * 9


@pytest.mark.parametrize('number', [0, 2, 5, 7])
def test_every_changed_number_fails(number):
    paths = numbers_in(CONTENT[number])
    assert len(paths) > 80
    # Of a list of frames, two are changed: each is compared alike.
    paths = [path for path in paths if path[0] != 'frame_index' or path[-1] in (0, 20)]
    assert [path for path in paths if passed(changed(CONTENT[number], path))] == []


@pytest.mark.parametrize('number', [1, 4])
def test_every_number_of_a_summary_of_frames_fails(number):
    paths = [path for path in numbers_in(CONTENT[number]['frame_index']) if path[0] == 0]
    assert len(paths) == 19
    assert [path for path in paths if passed(changed(CONTENT[number], ('frame_index', *path)))] == []


@pytest.mark.parametrize(
    'field', ['shape', 'steps', 'frame_index', 'last_frame_last_point', 'mask_shape', 'tag', 'source']
)
def test_a_field_that_is_empty_fails(field):
    case = copy.deepcopy(CONTENT[0])
    case[field] = type(case[field])()
    assert not passed(case)
