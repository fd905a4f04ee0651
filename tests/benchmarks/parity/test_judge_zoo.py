import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.parity import judge_model, judge_zoo
from benchmarks.parity.result import Comparison
from benchmarks.parity.run import judges
from benchmarks.parity.zoo_build import exceptions
from benchmarks.parity.zoo_network import Evaluated, statistics
from benchmarks.threads import torch_threads

DATA = Path(__file__).parents[2] / 'data'
CASES = json.loads((DATA / 'zoo_tlp_public.json').read_text())
STATE_DICT = CASES[0]['state_dict']
# Says how the case was built and run, so another number gives another network or batch, or cannot be known here.
BUILT_FROM = ('kwargs', 'T', 'B', 'image_size', 'lens', 'labels', 'label_lengths', 'input_seed', 'loss_weights')
UNKNOWN = (
    ('checks', 'logit_change_when_perturbed'),
    *(('checks', 'float64_deviation', name) for name in ('stages', 'logits', 'losses_step1')),
    *(('train', name) for name in ('lr', 'weight_decay', 'betas', 'dropout')),
)


def numbers(value, path=()):
    """Places of all numbers that can be judged against what was observed."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        place = (*path, key)
        if place[0] in BUILT_FROM or place in UNKNOWN:
            continue
        if isinstance(inner, (int, float)) and not isinstance(inner, bool):
            yield place
        yield from numbers(inner, place)


def compared(case, observed, state_dict=STATE_DICT):
    comparison = Comparison(case['tag'])
    with comparison.attempt():
        judge_zoo.compare(case, state_dict, observed, comparison)
    return comparison.result()


@pytest.fixture(scope='module')
def observed():
    with torch_threads(1):
        return judge_zoo.observe(CASES[1])


@pytest.mark.slow
def test_the_recorded_network_matches_and_every_changed_number_fails(observed):
    result = compared(CASES[1], observed)
    assert result.passed, result.failures
    places = list(numbers(CASES[1]))
    assert len(places) > 400
    case = copy.deepcopy(CASES[1])
    unseen = []
    for place in places:
        holder = case
        for key in place[:-1]:
            holder = holder[key]
        before = holder[place[-1]]
        holder[place[-1]] = before * 1.03 + 0.01
        if compared(case, observed).passed:
            unseen.append(place)
        holder[place[-1]] = before
    assert unseen == []


@pytest.mark.slow
def test_a_changed_name_or_rule_fails(observed):
    changed = [*STATE_DICT[:-1], [STATE_DICT[-1][0], [13]]]
    assert not compared(CASES[1], observed, changed).passed
    for key in ('input_rule', 'lens'):
        case = dict(CASES[1], **{key: CASES[1][key][:-1]})
        assert not compared(case, observed).passed


def test_a_network_that_is_missing_is_a_failure_of_its_case():
    (result,) = judge_zoo.judge([dict(CASES[0], source='somebody/Else 1234567: net.py')])
    assert not result.passed
    assert 'not built: somebody/Else' in result.failures[0]


def test_exceptions_of_a_rule_are_read_from_its_text():
    special = exceptions(
        "before the 1-D lines: 'conv2d.alpha': 0.3 + 0.05 s; other 1-D tensors whose last name part is "
        'alpha: 0.5 + 0.1 s; 1-D tensors whose last name part is weights, weights2 or weights4: 0.4 + 0.2 s; before '
        "the last line: names that end in 'down_conv2.weight': 0.05 s / sqrt(prod(shape[1:])); names that share"
    )
    ones = np.ones(3)
    assert special('conv2d.alpha', ones).tolist() == pytest.approx([0.35] * 3)
    assert special('conv2d.tsem.alpha', ones).tolist() == pytest.approx([0.6] * 3)
    assert special('corr.weights4', ones).tolist() == pytest.approx([0.6] * 3)
    assert special('corr.weights3', ones) is None
    assert special('corr.down_conv2.weight', np.ones((2, 4))).tolist() == [[0.025] * 4] * 2


def test_one_judge_for_each_file():
    content = json.loads((DATA / 'model_public.json').read_text())
    assert judge_model.recognizes(content)
    assert [judge.KIND for judge in judges() if judge.recognizes(CASES)] == ['zoo']
    assert not judge_zoo.recognizes(content)


def test_changed_positions_and_pairs_of_graphs_fail():
    got = Evaluated(positions={'conv2d.localG.relative_pos': statistics(torch.arange(4.0))}, pairs=[5, 2])

    def passes(positions, pairs):
        comparison = Comparison('graphs')
        recorded = {'relative_pos': positions, 'temporal_pairs_first_clip_frames_0_1': pairs}
        judge_zoo._compare_graphs(recorded, got, comparison)
        return comparison.result().passed

    positions = copy.deepcopy(got.positions)
    assert passes(positions, {'k2': [5, 2]})
    assert not passes(positions, {'k2': [5, 3]})
    assert not passes({}, {'k2': [5, 2]})
    positions['conv2d.localG.relative_pos']['at'][2] += 0.01
    assert not passes(positions, {'k2': [5, 2]})
