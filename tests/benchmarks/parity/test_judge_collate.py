import copy
import json
from pathlib import Path

import pytest

from benchmarks.parity import judge_collate

CONTENT = json.loads((Path(__file__).parents[2] / 'data' / 'collate_kernel_specs.json').read_text())


def passed(content):
    return all(result.passed for result in judge_collate.judge(content))


def test_every_layout_passes():
    assert judge_collate.recognizes(CONTENT)
    results = list(judge_collate.judge(CONTENT))
    assert [result.failures for result in results] == [()] * 11


@pytest.mark.parametrize('layout', range(11))
@pytest.mark.parametrize(
    'path',
    [
        ('conv_type',),
        ('cases', 1, 'lens', 1),
        ('cases', 1, 'padded_frame_index', 0, 0),
        ('cases', 3, 'padded_frame_index', 2, -1),
        ('cases', 2, 'video_length', 2),
        ('cases', 0, 'feat_len', 0),
    ],
)
def test_every_changed_number_fails(layout, path):
    content = copy.deepcopy(CONTENT)
    holder = content[layout]
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] += 1
    assert not passed(content)


@pytest.mark.parametrize(('layout', 'twin'), [(3, 9), (9, 3), (4, 10), (10, 4)])
def test_numbers_of_equal_layouts_cannot_be_swapped_for_each_other(layout, twin):
    content = copy.deepcopy(CONTENT)
    content[layout]['conv_type'] = twin
    assert not passed(content)


@pytest.mark.parametrize('layers', [['K5'], ['K5', 'P3'], ['K4', 'P2'], 'K5', None])
def test_changed_kernel_size_fails(layers):
    content = copy.deepcopy(CONTENT)
    content[1]['kernel_size'] = layers
    assert not passed(content)


@pytest.mark.parametrize('field', ['conv_type', 'cases', 'kernel_size'])
def test_malformed_layout_fails_without_a_traceback(field):
    content = copy.deepcopy(CONTENT)
    content[0][field] = []
    assert not passed(content)


def test_other_recordings_are_not_recognized():
    assert not judge_collate.recognizes([])
    assert not judge_collate.recognizes([{'case': {}, 'samples': []}])
