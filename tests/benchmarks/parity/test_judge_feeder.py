import copy
import gc
import json
from pathlib import Path

import pytest

from benchmarks.parity import judge_feeder

CONTENT = json.loads((Path(__file__).parents[2] / 'data' / 'feeder_public.json').read_text())
SMALL = 3  # the case that is quickest to judge: two clips of 52x42, testing


@pytest.fixture(autouse=True)
def no_collection(monkeypatch):
    # mmengine collects garbage whenever a dataset is built: most of the time of a small case.
    monkeypatch.setattr(gc, 'collect', lambda: 0)


def judged_first(content):
    return next(iter(judge_feeder.judge(content)))


def leaves(value, path=()):
    """Paths to one number or string of every kind: only the last item of a list of alike ones."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        yield from leaves(value[-1], (*path, len(value) - 1))
    else:
        yield path


def changed(content, path):
    # Inputs change by more than recorded numbers: a crop hides a row more, `int()` a scale 1% larger.
    step, factor = (5, 1.5) if 'case' in path else (1, 1.0001)
    content = copy.deepcopy(content)
    holder = content
    for key in path[:-1]:
        holder = holder[key]
    value = holder[path[-1]]
    if isinstance(value, bool):
        holder[path[-1]] = not value
    elif isinstance(value, int):
        holder[path[-1]] = value + step
    elif isinstance(value, float):
        holder[path[-1]] = value * factor
    else:
        holder[path[-1]] = value + 'x'
    return content


def test_every_case_passes():
    assert judge_feeder.recognizes(CONTENT)
    results = list(judge_feeder.judge(CONTENT))
    assert len(results) == len(CONTENT)
    assert [result.failures for result in results] == [()] * len(CONTENT)
    assert all(result.passed for result in results)


@pytest.mark.parametrize('path', list(leaves(CONTENT[SMALL])), ids=lambda path: '.'.join(map(str, path)))
def test_every_changed_value_fails(path):
    content = [CONTENT[SMALL], *CONTENT[:SMALL]]
    assert not judged_first(changed(content, (0, *path))).passed


@pytest.mark.parametrize('field', ['case', 'samples', 'collate', 'reference_len', 'collate_seed'])
def test_malformed_case_fails_without_a_traceback(field):
    content = copy.deepcopy([CONTENT[SMALL]])
    content[0][field] = {} if field == 'case' else None
    assert not judged_first(content).passed


def test_a_batch_without_labels_has_no_lengths():
    # The published collate gives empty lists where no sample has a label.
    content = copy.deepcopy([CONTENT[SMALL]])
    case, recorded = content[0]['case'], content[0]
    for number, video in enumerate(case['videos']):
        old, video[1] = video[1], 'UNKNOWN'
        for info in (recorded['samples'][number], recorded['collate']):
            text = json.dumps(info['info']).replace(f'vid{number}/*.png|S01|{old}', f'vid{number}/*.png|S01|UNKNOWN')
            info['info'] = json.loads(text)
        recorded['samples'][number]['labels'] = []
    recorded['collate'].update(labels=[], label_length=[])
    assert judged_first(content).failures == ()


def test_other_kinds_are_not_recognized():
    assert not judge_feeder.recognizes([])
    assert not judge_feeder.recognizes({'case': {}})
    assert not judge_feeder.recognizes([{'conv_type': 0, 'kernel_size': ['K3'], 'cases': []}])
