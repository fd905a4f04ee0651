"""Judges networks of others on frames: stages, logits, losses, gradients and running statistics.

What a file says about its own recording is held against the numbers of the file: how far float32 was from float64 in
the first step. How logits change with noise in one tensor (``checks.logit_change_when_perturbed``) is not judged: which
noise it was is not recorded.
"""

import base64
import json
import math
import statistics
import zlib
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List

import torch

from benchmarks.parity.cases import are_cases
from benchmarks.parity.result import CaseResult, Comparison
from benchmarks.parity.ustm_unused import unused_parameters
from benchmarks.parity.zoo_build import batch_of, build, network_name, shapes_of
from benchmarks.parity.zoo_network import Evaluated, Gradients, Trained, evaluate, train
from benchmarks.threads import torch_threads
from cslrkit.errors import DataError

KIND = 'zoo'

_EVALUATION = 1e-4  # of a standard deviation; lifting losses: relative
_LOSSES = 1e-4  # relative, first step
_FLOAT64 = 1e-5  # relative, of losses and gradients in float64
_GRADIENTS = 1e-2  # relative, where the recording has none in float64
_SECOND_STEP = 1e-2
_SECOND_STEP_OF_GRAPHS = 0.1  # edges flip
_EVAL_KEYS = {'stages', 'feat_len', 'logits_shape', 'conv_logits', 'sequence_logits', 'lift_u', 'lift_p'}
_EVAL_KEYS |= {'relative_pos', 'temporal_pairs_first_clip_frames_0_1'}
_GRAPHS = ('SignDAGC', 'SignGraph')
# Sums that cancel to less than this share of the whole gradient are rounding errors.
_CANCELLED = {torch.float64: 1e-12, torch.float32: 1e-6}
# Elements of a gradient recorded in float32, held against float64: by the stated deviation of norms, of their norm.
_ELEMENTS = 20
_CANCELLED_NORM = 1e-12  # such a recorded norm is a rounding error, and no part of the stated distance
_STATED = 2e-8  # the rounding of two numbers of nine digits
_INPUT_RULE = (
    'RandomState(input_seed).standard_normal((B,T,3,H,W)) as float32, used as the padded, normalised batch (B,T,3,H,W)'
    '; lens are the padded lengths (video_length)'
)


@dataclass
class Observed:
    """What cslrkit computes for a case; names and shapes of the state dict are the published ones."""

    shapes: List[List[Any]]
    evaluated: Evaluated
    trained: Trained


def recognizes(content: Any) -> bool:
    """Tell a golden file of networks on frames from its structure."""
    wanted = {'source', 'kwargs', 'fill_rule', 'image_size', 'state_dict', 'eval', 'train'}
    return are_cases(content, wanted)


def judge(content: List[Dict[str, Any]]) -> Iterator[CaseResult]:
    """Yield a result for each case."""
    yield from judge_with(observe, compare, content)


def judge_with(
    observe: Callable[[Dict[str, Any]], Any], compare: Callable[..., None], content: List[Dict[str, Any]]
) -> Iterator[CaseResult]:
    """Observe and compare each case; a later one may have the state dict of the first."""
    for index, case in enumerate(content):
        comparison = Comparison(str(case.get('tag', index)))
        with comparison.attempt(), torch_threads(1):
            state_dict = case['state_dict']
            if state_dict == 'as the first case':
                state_dict = content[0]['state_dict']
            compare(case, state_dict, observe(case), comparison)
        yield comparison.result()


def observe(case: Dict[str, Any]) -> Observed:
    """Build, fill and run the network of ``case``."""
    model = build(case)
    batch, evaluated = batch_of(case, training_dtype(case)), evaluate(model, case)
    shapes = shapes_of(model, case)
    trained = train(model, case, batch)
    trained.no_gradient += unused_parameters(shapes)
    return Observed(shapes, evaluated, trained)


def training_dtype(case: Dict[str, Any]) -> torch.dtype:
    """The arithmetic in which a case is trained: exact if it was recorded so, too."""
    return torch.float32 if case.get('train_float64') is None else torch.float64


def compare(case: Dict[str, Any], state_dict: Any, observed: Observed, comparison: Comparison) -> None:
    """Compare everything that ``case`` records with what was observed."""
    check_form(case, dict(input_rule=_INPUT_RULE), "(T', B, num_classes)")
    compare_shapes(state_dict, observed.shapes, comparison)
    _compare_eval(case['eval'], observed.evaluated, comparison)
    compare_training(case, observed.trained, comparison)


def compare_shapes(state_dict: Any, shapes: List[List[Any]], comparison: Comparison) -> None:
    """Compare names and shapes of the state dict, in order."""
    state_dict = _unpacked(state_dict)
    comparison.equal('state_dict length', len(shapes), len(state_dict))
    for index, (got, expected) in enumerate(zip(shapes, state_dict)):
        comparison.equal(f'state_dict[{index}]', got, expected)


def compare_training(case: Dict[str, Any], trained: Trained, comparison: Comparison) -> None:
    """Compare losses, gradients and running statistics of the two steps."""
    exact, elements = case.get('train_float64'), 2
    if exact is not None:
        tolerances = dict(losses=_FLOAT64, gradients=_FLOAT64, elements=2 * _FLOAT64)
        _compare_gradients('train_float64', trained.first, exact, comparison, **tolerances)
        deviation = case['checks']['float64_deviation']
        gradients = max(1e-5, 1.01 * deviation['grad_norms_step0'])
        elements = _ELEMENTS
        _compare_deviation(case, deviation, comparison)
    else:
        gradients = _GRADIENTS
    first, second = case['train']['steps']
    tolerances = dict(losses=_LOSSES, gradients=gradients, elements=elements * gradients)
    _compare_gradients('step 0', trained.first, first, comparison, **tolerances)
    comparison.equal('no_gradient', trained.no_gradient, first['no_gradient'])
    for key, expected in first['running_stats_after_forward'].items():
        compare_statistics(f'running_stats.{key}', trained.running[key], expected, comparison)
    allowed = _SECOND_STEP_OF_GRAPHS if network_name(case) in _GRAPHS else _SECOND_STEP
    _compare_losses('step 1', trained.second, second, comparison, tolerance=allowed)


def check_form(case: Dict[str, Any], texts: Dict[str, Any], logits_shape: str) -> None:
    """Raise for what the case says and nothing here would notice; ``texts`` are what it should say."""
    train_recipe, lens = case['train'], case['lens']
    if not len(lens) == len(case['label_lengths']) == case['B'] or max(lens) != case['T']:
        raise DataError(f'case: B={case["B"]}, T={case["T"]}, lens={lens} and label_lengths contradict each other.')
    wanted = {'optimizer': 'Adam', 'dropout': 0.0}
    for key, value in wanted.items():
        if train_recipe[key] != value:
            raise DataError(f'train.{key}: got {train_recipe[key]!r}, expected {value!r}.')
    said = {**{key: case[key] for key in texts}, 'logits_shape': case['eval']['logits_shape']}
    for key, expected in {**texts, 'logits_shape': logits_shape}.items():
        if said[key] != expected:
            raise DataError(f'{key}: got {said[key]!r}, expected {expected!r}.')
    if case['checks']['run_twice_identical'] is not True or len(train_recipe['steps']) != 2:
        raise DataError('case: expected one that ran twice with equal results, and two steps.')


def _compare_eval(recorded: Dict[str, Any], got: Evaluated, comparison: Comparison) -> None:
    comparison.equal('eval keys', sorted(set(recorded) - _EVAL_KEYS), [])
    for name, expected in recorded['stages'].items():
        compare_statistics(name, got.stages[name], expected, comparison)
    comparison.equal('feat_len', [float(length) for length in got.feat_len], recorded['feat_len'])
    for key, name in (('conv_logits', 'conv/main'), ('sequence_logits', 'seq/main')):
        compare_logits(key, got.logits[name], recorded[key], comparison)
    for key in ('lift_u', 'lift_p'):
        comparison.equal(f'{key} recorded', key in recorded, key in got.lifting)
        if key in recorded and key in got.lifting:
            value = got.lifting[key]
            comparison.close(key, value, recorded[key], tolerance=_EVALUATION, scale=max(value, 1e-12))

    _compare_graphs(recorded, got, comparison)


def _compare_graphs(recorded: Dict[str, Any], got: Evaluated, comparison: Comparison) -> None:
    positions, pairs = recorded.get('relative_pos', {}), recorded.get('temporal_pairs_first_clip_frames_0_1')
    comparison.equal('relative_pos names', sorted(got.positions), sorted(positions))
    for name in set(positions) & set(got.positions):
        compare_statistics(name, got.positions[name], positions[name], comparison)
    if pairs is not None:
        comparison.equal('temporal pairs', {f'k{len(got.pairs)}': got.pairs}, pairs)


def compare_logits(key: str, logits: torch.Tensor, recorded: Any, comparison: Comparison) -> None:
    """Compare all logits, by their standard deviation."""
    expected = torch.tensor(recorded)
    comparison.equal(f'{key} shape', list(logits.shape), list(expected.shape))
    flat = logits.reshape(-1).tolist(), expected.reshape(-1).tolist()
    comparison.all_close(key, *flat, tolerance=_EVALUATION, scale=max(logits.std().item(), 1e-12))


def compare_statistics(what: str, got: Dict[str, Any], expected: Dict[str, Any], comparison: Comparison) -> None:
    """Compare the statistics of a tensor."""
    comparison.equal(f'{what} keys', sorted(got), sorted(expected))
    comparison.equal(f'{what}.shape', got['shape'], expected['shape'])
    scale = max(got['std'], 1e-12)
    for key in ('mean', 'std', 'abs'):
        comparison.close(f'{what}.{key}', got[key], expected[key], tolerance=_EVALUATION, scale=scale)
    comparison.all_close(f'{what}.at', got['at'], expected['at'], tolerance=_EVALUATION, scale=scale)


def _compare_losses(
    what: str, got: Gradients, recorded: Dict[str, Any], comparison: Comparison, *, tolerance: float
) -> None:
    comparison.equal(f'{what} parts', sorted(got.parts), sorted(recorded['parts']))
    pairs = [('loss', got.loss, recorded['loss'])]
    pairs += [(name, got.parts[name], value) for name, value in recorded['parts'].items() if name in got.parts]
    for name, one, other in pairs:
        comparison.close(f'{what} {name}', one, other, tolerance=tolerance, scale=max(abs(one), 1e-12))


def _compare_gradients(
    what: str,
    got: Gradients,
    recorded: Dict[str, Any],
    comparison: Comparison,
    *,
    losses: float,
    gradients: float,
    elements: float,
) -> None:
    _compare_losses(what, got, recorded, comparison, tolerance=losses)
    least = got.total * _CANCELLED[torch.float64 if what == 'train_float64' else torch.float32]
    norms = {'total': (got.total, recorded['grad_norm_total'])}
    for group, own in (('grad_norms_by_module', got.by_module), ('grad_norms', got.norms)):
        comparison.equal(f'{what} {group} names', sorted(own), sorted(recorded[group]))
        norms.update({f'{group}.{name}': (own.get(name), value) for name, value in recorded[group].items()})
    for name, (one, other) in norms.items():
        if one is None:
            comparison.fail(f'{what} {name}: the network has no such parameter')
        else:
            comparison.close(f'{what} {name}', one, other, tolerance=gradients, scale=max(one, least))
    comparison.equal(f'{what} grad_values names', sorted(got.values), sorted(recorded['grad_values']))
    for name in set(got.values) & set(recorded['grad_values']):
        one, other = got.values[name], recorded['grad_values'][name]
        scale = max(math.hypot(*one), least)
        comparison.all_close(f'{what} grad_values.{name}', one, other, tolerance=elements, scale=scale)
        norm = recorded['grad_norms'][name]
        scale = max(abs(norm), 1e-12)
        comparison.close(f'{what} norm of grad_values.{name}', math.hypot(*other), norm, tolerance=_STATED, scale=scale)


def _compare_deviation(case: Dict[str, Any], stated: Dict[str, Any], comparison: Comparison) -> None:
    """Hold the stated distance of float32 from float64 against the recorded numbers of both."""
    single, double = case['train']['steps'][0], case['train_float64']
    losses = [(single['loss'], double['loss'])]
    losses += [(single['parts'][name], value) for name, value in double['parts'].items()]
    norms = {}
    for group in ('grad_norms_by_module', 'grad_norms'):
        norms.update({name: _relative(single[group][name], value) for name, value in double[group].items()})
    norms = {name: value for name, value in norms.items() if double['grad_norms'].get(name, 1.0) > _CANCELLED_NORM}
    found = dict(
        losses_step0=max(_relative(*pair) for pair in losses),
        grad_norms_step0=max(norms.values()),
        grad_norms_step0_median=statistics.median_high(norms.values()),
    )
    comparison.equal('float64_deviation worst', max(norms, key=norms.get), stated['grad_norms_step0_worst'])
    for name, value in found.items():
        comparison.close(f'float64_deviation.{name}', value, stated[name], tolerance=_STATED)


def _relative(one: float, other: float) -> float:
    return abs(one - other) / max(abs(one), 1e-12)


def _unpacked(state_dict: Any) -> List[Any]:
    if isinstance(state_dict, dict):
        state_dict = json.loads(zlib.decompress(base64.b64decode(state_dict['zlib_base64'])))
    return state_dict
