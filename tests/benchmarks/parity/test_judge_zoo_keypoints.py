import copy
import json
from pathlib import Path

import pytest

from benchmarks.parity import judge_zoo_keypoints
from benchmarks.parity.result import Comparison
from benchmarks.parity.run import judges
from benchmarks.threads import torch_threads

(CASE,) = json.loads((Path(__file__).parents[2] / 'data' / 'zoo_mska_public.json').read_text())
# Says how the case was built and run, so another number gives another network or batch, or cannot be known here.
BUILT_FROM = ('kwargs', 'T', 'B', 'lens', 'labels', 'label_lengths', 'input_seed')
UNKNOWN = ('logit_change_when_perturbed', 'stages')


def numbers(value, path=()):
    """Places of all numbers that can be judged against what was observed."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        place = (*path, key)
        if place[0] in BUILT_FROM or (place[0] == 'checks' and key in UNKNOWN) or place == ('train', 'dropout'):
            continue
        if isinstance(inner, (int, float)) and not isinstance(inner, bool):
            yield place
        yield from numbers(inner, place)


def compared(case, observed):
    comparison = Comparison(case['tag'])
    with comparison.attempt():
        judge_zoo_keypoints.compare(case, case['state_dict'], observed, comparison)
    return comparison.result()


@pytest.mark.slow  # builds and trains the published network
def test_the_recorded_network_matches_and_every_changed_number_fails():
    with torch_threads(1):
        observed = judge_zoo_keypoints.observe(CASE)
    result = compared(CASE, observed)
    assert result.passed, result.failures
    # Names and shapes are the same all the time, and a network that is not built fails at once.
    case, seen = copy.deepcopy(CASE), observed.shapes[:1]
    case['state_dict'], observed.shapes = copy.deepcopy(seen), seen
    places = list(numbers(case))
    assert len(places) > 1500
    unseen = []
    for place in places[::5]:
        holder = case
        for key in place[:-1]:
            holder = holder[key]
        before = holder[place[-1]]
        holder[place[-1]] = before * 1.03 + (0.01 if before >= 0 else -0.01)
        if compared(case, observed).passed:
            unseen.append(place)
        holder[place[-1]] = before
    assert unseen == []
    assert not compared({**case, 'input_rule': 'another'}, observed).passed


def test_one_judge_for_each_file():
    assert [judge.KIND for judge in judges() if judge.recognizes([CASE])] == [judge_zoo_keypoints.KIND]
    (result,) = judge_zoo_keypoints.judge([{**CASE, 'source': 'somebody/Else 1234567: net.py'}])
    assert 'not built: somebody/Else' in result.failures[0]
