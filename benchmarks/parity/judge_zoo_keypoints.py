"""Judges the keypoint networks MSKA-SLR and CESMM: stages, logits, losses, gradients and running statistics.

Tolerances are those of :mod:`benchmarks.parity.judge_zoo`. Of what a file says about its own recording, the distance of
its logits and of the second step's losses from float64 is judged, too.
"""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List

import torch

from benchmarks.parity import keypoint_network as network
from benchmarks.parity.cases import are_cases
from benchmarks.parity.judge_zoo import (
    Observed as ObservedInFloat32,
)
from benchmarks.parity.judge_zoo import (
    check_form,
    compare_logits,
    compare_shapes,
    compare_statistics,
    compare_training,
    judge_with,
    training_dtype,
)
from benchmarks.parity.result import CaseResult, Comparison
from benchmarks.parity.zoo_build import network_name
from benchmarks.parity.zoo_network import train
from cslrkit.errors import DataError

KIND = 'zoo of keypoints'

_MSKA_WEIGHTS = (
    'CTC of four heads, weight 1 each (sum over the batch / B, infinite ones 0); KL to the ensemble, weight 1 each'
)
_OWN_DISTANCE = 0.05  # relative, of the stated distance between float32 and float64


@dataclass
class Observed(ObservedInFloat32):
    """Also the logits of evaluation in float64, by recorded name."""

    exact: Dict[str, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class _Network:
    """What is known of a network: its config, how a case changes it, and what a case says of it."""

    config: str
    change: Callable[[Dict[str, Any], Dict[str, Any]], None]  # of the model, by the case
    logits: Dict[str, str]  # recorded name -> name here
    logits_shape: str
    steps_first: bool
    recipe: Dict[str, Any]

    def recorded(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits (N, T', V) in the order in which they are recorded."""
        return logits.transpose(0, 1) if self.steps_first else logits


def _change_mska(model: Dict[str, Any], case: Dict[str, Any]) -> None:
    """MSKA's three configs build one network."""
    if not case['kwargs']['config'].lower().startswith(('phoenix-2014', 'csl-daily')):
        raise DataError(f'kwargs.config: got {case["kwargs"]["config"]!r}, expected a published one.')
    if case['loss_weights'] != _MSKA_WEIGHTS:
        raise DataError(f'loss_weights: got {case["loss_weights"]!r}, expected {_MSKA_WEIGHTS!r}.')


def _change_cesmm(model: Dict[str, Any], case: Dict[str, Any]) -> None:
    kwargs, weights = case['kwargs'], case['loss_weights']
    model['backbone']['input_type'] = kwargs['input_type']
    classifier = 'norm_linear' if kwargs['weight_norm'] else 'linear'
    model['head'].update(hidden_size=kwargs['hidden_size'], classifier=classifier)
    by_kind = {'seq_ctc': weights['SeqCTC'], 'conv_ctc': weights['ConvCTC'], 'dist': weights['Dist']}
    for loss in model['losses']:
        loss['weight'] = next(weight for kind, weight in by_kind.items() if loss['name'].startswith(kind))


_NETWORKS = {
    'MSKA-SLR': _Network(
        config='mska.py',
        change=_change_mska,
        logits={f'{head}_logits': f'{head}/main' for head in ('left', 'right', 'fuse', 'body', 'ensemble')},
        logits_shape='(B, T/4, num_classes)',
        steps_first=False,
        recipe=dict(lr=1e-3, weight_decay=1e-3, betas=[0.9, 0.998]),
    ),
    'CESMM': _Network(
        config='cesmm.py',
        change=_change_cesmm,
        logits=dict(conv_logits='conv/main', sequence_logits='seq/main'),
        logits_shape='(T/4, B, num_classes)',
        steps_first=True,
        recipe=dict(lr=1e-3, weight_decay=1e-3, betas=[0.9, 0.999]),
    ),
}


def recognizes(content: Any) -> bool:
    """Tell a golden file of networks on keypoints from its structure."""
    wanted = {'source', 'kwargs', 'fill_rule', 'input_rule', 'state_dict', 'eval', 'train'}
    return are_cases(content, wanted) and not any('image_size' in case for case in content)


def judge(content: List[Dict[str, Any]]) -> Iterator[CaseResult]:
    """Yield a result for each case."""
    yield from judge_with(observe, compare, content)


def observe(case: Dict[str, Any]) -> Observed:
    """Build, fill and run the network of ``case``."""
    known = _network_of(case)
    model = network.build(case, known.config, known.change)
    batch = network.batch_of(case, training_dtype(case))
    shapes, evaluated, exact = network.shapes_of(model), network.evaluate(model, case), {}
    if batch[0].dtype == torch.float64:
        exact = {name: known.recorded(logits) for name, logits in network.logits_of(model, batch).items()}
    return Observed(shapes, evaluated, train(model, case, batch), exact)


def compare(case: Dict[str, Any], state_dict: Any, observed: Observed, comparison: Comparison) -> None:
    """Compare everything that ``case`` records with what was observed."""
    known, recorded, got = _network_of(case), case['eval'], observed.evaluated
    check_form(case, dict(input_rule=network.INPUT_RULE), known.logits_shape)
    for key, value in known.recipe.items():
        comparison.equal(f'train.{key}', case['train'][key], value)
    compare_shapes(state_dict, observed.shapes, comparison)
    for name, expected in recorded['stages'].items():
        compare_statistics(name, got.stages[name], expected, comparison)
    comparison.equal('feat_len', got.feat_len, recorded['feat_len'])
    for key, name in known.logits.items():
        compare_logits(key, known.recorded(got.logits[name]), recorded[key], comparison)
    compare_training(case, observed.trained, comparison)
    if observed.exact:
        _compare_distance(case, observed, comparison)


def _compare_distance(case: Dict[str, Any], observed: Observed, comparison: Comparison) -> None:
    """Hold the stated distance of recorded numbers from float64 against that from what was computed in it."""
    stated, second = case['checks']['float64_deviation'], case['train']['steps'][1]
    pairs = [(second['loss'], observed.trained.second.loss)]
    pairs += [(second['parts'][name], value) for name, value in observed.trained.second.parts.items()]
    logits = 0.0
    for key, name in _network_of(case).logits.items():
        exact = observed.exact[name]
        difference = torch.tensor(case['eval'][key], dtype=torch.float64) - exact
        logits = max(logits, (difference.abs().max() / exact.std()).item())
    found = dict(logits=logits, losses_step1=max(abs(one - other) / abs(one) for one, other in pairs))
    for name, value in found.items():
        comparison.close(
            f'float64_deviation.{name}', value, stated[name], tolerance=_OWN_DISTANCE, scale=max(value, 1e-12)
        )


def _network_of(case: Dict[str, Any]) -> _Network:
    name = network_name(case)
    if name not in _NETWORKS:
        raise DataError(f'{name} is no network on keypoints.')
    return _NETWORKS[name]
