"""Compares what a network case records with what cslrkit computes for it."""

import math
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Optional

import torch

from benchmarks.parity.published_model import KERNEL_SPECS
from benchmarks.parity.result import Comparison

_LOGITS_TOLERANCE = 1e-4  # of the logits' standard deviation
_STAGE_TOLERANCE = 1e-4  # of the stage's standard deviation
_STEP_TOLERANCE = 1e-3  # relative, first step
_LATER_STEP_TOLERANCE = 3e-2  # relative; the steps drift with floating-point order
_LARGEST_NOISE = 0.1  # relative; what rounding errors of the input may excuse in a step

Statistics = Dict[str, Any]


@dataclass
class Step:
    """A training step: its loss, the parts of it, and norms of gradients by published names."""

    loss: float
    parts: Dict[str, float]
    grad_norms: Dict[str, float]


@dataclass
class Observed:
    """What cslrkit computes for a case.

    Args:
        shapes: Published names and shapes of the state dict, in order.
        stages: Statistics of the backbone's stages, by pathway.
        feat: Statistics of the frame features.
        feat_lens: Lengths in steps.
        logits: Logits (N, T', V) by name.
        recognized: Decoded glosses by the name of their logits.
        steps: Losses and gradient norms of each training step.
    """

    shapes: List[List[Any]] = field(default_factory=list)
    stages: Dict[str, List[Statistics]] = field(default_factory=dict)
    feat: Statistics = field(default_factory=dict)
    feat_lens: List[int] = field(default_factory=list)
    logits: Dict[str, torch.Tensor] = field(default_factory=dict)
    recognized: Dict[str, List[List[str]]] = field(default_factory=dict)
    steps: List[Step] = field(default_factory=list)


def compare_outputs(case: Dict[str, Any], observed: Observed, comparison: Comparison) -> None:
    """Compare the shapes of the weights, and what the network gives in evaluation, with what ``case`` records."""
    for index, (got, expected) in enumerate(zip(observed.shapes, case['state_dict'])):
        comparison.equal(f'state_dict[{index}]', got, expected)
    comparison.equal('state_dict length', len(observed.shapes), len(case['state_dict']))
    recorded = case['eval']
    for name, expected in recorded['intermediate'].items():
        if name == 'feat':
            _compare_statistics(name, observed.feat, expected, comparison)
            continue
        comparison.equal(f'{name} pathways', len(observed.stages[name]), len(expected))
        for pathway, (one, other) in enumerate(zip(observed.stages[name], expected)):
            _compare_statistics(f'{name}[{pathway}]', one, other, comparison)
    # The published lengths are floats that are never rounded; what it makes of them is their floor.
    float_lens = [_published_feat_len(frames, case['kwargs']['conv_type']) for frames in case['lens']]
    comparison.equal('feat_len', float_lens, recorded['feat_len'])
    comparison.equal('feat_len rounded down', observed.feat_lens, [math.floor(length) for length in float_lens])
    for key, name in (('sequence_logits', 'seq/main'), ('conv_logits', 'conv/main')):
        _compare_logits(key, observed, observed.logits[name].transpose(0, 1), recorded[key], comparison)
    comparison.equal('recognized', observed.recognized['seq/main'], recorded['recognized'])
    comparison.equal('conv_recognized', observed.recognized['conv/main'], recorded['conv_recognized'])


def compare_steps(
    case: Dict[str, Any], observed: Observed, comparison: Comparison, *, moved: Optional[Observed] = None
) -> None:
    """Compare the steps of training with those that ``case`` records.

    Args:
        case: A network case.
        observed: What is compared.
        comparison: Takes the results.
        moved: What an input with rounding errors gives, if numbers may deviate by as much.
    """
    moved = observed if moved is None else moved
    recorded_steps = case['train']['steps']
    if not recorded_steps or not recorded_steps[0]['grad_norms']:
        comparison.fail('train.steps: got nothing recorded, expected a step with gradient norms')
    for index, (step, recorded) in enumerate(zip(observed.steps, recorded_steps)):
        tolerance = _STEP_TOLERANCE if index == 0 else _LATER_STEP_TOLERANCE
        got, other = (_named(each, recorded['grad_norms']) for each in (step, moved.steps[index]))
        noise = {name: 2 * abs(got[name] - other[name]) / max(abs(got[name]), 1e-12) for name in got if got[name]}
        if index:  # a step that has drifted drifts as a whole
            noise = dict.fromkeys(noise, max(noise.values(), default=0.0))
        expected = {'loss': recorded['loss']}
        for group in ('parts', 'grad_norms'):
            expected.update({f'{group}.{name}': value for name, value in recorded[group].items()})
        comparison.equal(f'step {index} names', sorted(got), sorted(expected))
        for name in [name for name in got if name in expected]:
            if got[name] is None:
                comparison.fail(f'step {index} {name}: the model has no such parameter')
                continue
            scale = max(abs(expected[name]), 1e-12)
            allowed = max(tolerance, min(noise.get(name, 0.0), _LARGEST_NOISE))
            comparison.close(f'step {index} {name}', got[name], expected[name], tolerance=allowed, scale=scale)


def _compare_statistics(what: str, got: Statistics, expected: Statistics, comparison: Comparison) -> None:
    comparison.equal(f'{what} keys', sorted(got), sorted(expected))
    scale = max(got['std'], 1e-12)
    for key in ('mean', 'std', 'abs'):
        comparison.close(f'{what}.{key}', got[key], expected[key], tolerance=_STAGE_TOLERANCE, scale=scale)
    comparison.all_close(f'{what}.at', got['at'], expected['at'], tolerance=_STAGE_TOLERANCE, scale=scale)


def _compare_logits(
    key: str, observed: Observed, got: torch.Tensor, recorded: List[Any], comparison: Comparison
) -> None:
    expected = torch.tensor(recorded)
    if key == 'sequence_logits':
        # The published BiLSTM cuts its output to the longest clip.
        got = got[: max(observed.feat_lens)]
    comparison.equal(f'{key} shape', list(got.shape), list(expected.shape))
    if got.shape == expected.shape:
        scale = max(got.std().item(), 1e-12)
        flat = got.reshape(-1).tolist(), expected.reshape(-1).tolist()
        comparison.all_close(key, *flat, tolerance=_LOGITS_TOLERANCE, scale=scale)


def _published_feat_len(frames: int, conv_type: int) -> float:
    length = float(frames)
    for layer in KERNEL_SPECS[conv_type]:
        length = length / 2 if layer[0] == 'P' else length - (int(layer[1:]) - 1)
    return length


def _named(step: Step, norms: Iterable[str]) -> Dict[str, Optional[float]]:
    """The numbers of a step by the names that messages give them."""
    parts = {f'parts.{name}': value for name, value in step.parts.items()}
    return {'loss': step.loss, **parts, **{f'grad_norms.{name}': step.grad_norms.get(name) for name in norms}}
