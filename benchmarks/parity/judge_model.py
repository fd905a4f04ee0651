"""Judges the network, its losses and its gradients against the published SlowFastSign."""

import math
import tempfile
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

import numpy as np
import torch

from benchmarks.parity.published_model import (
    KERNEL_SPECS,
    build_recognizer,
    disable_dropout,
    fill_by_rule,
    published_arithmetic,
    published_shapes,
    split_labels,
)
from benchmarks.parity.result import CaseResult, Comparison
from benchmarks.parity.updates_in_backward import UpdatesInBackward
from benchmarks.threads import torch_threads
from cslrkit.errors import DataError
from cslrkit.models.weights.names import published_names
from cslrkit.structures import SignDataSample

KIND = 'model'

_LOGITS_TOLERANCE = 1e-4  # of the logits' standard deviation
_STAGE_TOLERANCE = 1e-4  # of the stage's standard deviation
_STEP_TOLERANCE = 1e-3  # relative, first step
_LATER_STEP_TOLERANCE = 3e-2  # relative; the steps drift with floating-point order
# As many as the recording: they decide the order of sums, and a deep network in training mode amplifies the
# difference, to several percent of a gradient norm in the first step of R101.
RECORDED_THREADS = 2
# Another processor sums in another order. Where a case fails, its input is changed by rounding errors: a number may
# deviate by twice as much as that moves it, but never by more than a tenth.
_ROUNDING = 1e-7
_LARGEST_NOISE = 0.1
_IMAGE_SIZE = 224

Statistics = Dict[str, Any]


@dataclass
class _Step:
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
    steps: List[_Step] = field(default_factory=list)


def recognizes(content: Any) -> bool:
    """Tell a golden file of network cases from its structure."""
    wanted = {'kwargs', 'state_dict', 'loss_weights', 'eval', 'train'}
    return (
        isinstance(content, list)
        and bool(content)
        # Cases of other networks, which judge_zoo is for, say how they were filled.
        and all(isinstance(case, dict) and wanted <= set(case) and 'fill_rule' not in case for case in content)
    )


def judge(content: List[Dict[str, Any]]) -> Iterator[CaseResult]:
    """Yield a result for each case; a model is built, run and dropped before the next."""
    for index, case in enumerate(content):
        comparison = Comparison(str(case.get('tag', index)))
        with comparison.attempt(), torch_threads(RECORDED_THREADS):
            _judge_case(case, comparison)
        yield comparison.result()


def _judge_case(case: Dict[str, Any], comparison: Comparison) -> None:
    observed, strict = observe(case), Comparison(comparison.name)
    compare(case, observed, strict)
    moved = None if strict.result().passed else observe(case, rounding=_ROUNDING)
    compare(case, observed, comparison, moved=moved)


def observe(case: Dict[str, Any], *, rounding: float = 0.0) -> Observed:
    """Build, fill and run the model of ``case``.

    Args:
        case: A network case.
        rounding: Standard deviation of the relative change of the input.

    Raises:
        CSLRKitError: If nothing here corresponds to the case.
    """
    lens, num_frames = case['lens'], case['T']
    if not len(lens) == len(case['label_lengths']) == case['B'] or not max(lens) <= num_frames:
        raise DataError(
            f'case: got B={case["B"]}, T={num_frames}, lens={lens} and label_lengths={case["label_lengths"]}, '
            'which contradict each other.'
        )
    if case['train']['dropout'] != 0:
        raise DataError(f'train.dropout: got {case["train"]["dropout"]}, expected 0, else steps cannot be compared.')
    multi_stream = any(name.startswith('conv1d.main_temporal_conv') for name, _ in case['state_dict'])
    model = build_recognizer(case['kwargs'], case['loss_weights'], multi_stream=multi_stream)
    observed = Observed(shapes=published_shapes(model))
    fill_by_rule(model)
    published_arithmetic(model)
    samples = [
        SignDataSample.create(str(index), ids)
        for index, ids in enumerate(split_labels(case['labels'], case['label_lengths']))
    ]
    batch = (_inputs(case, rounding), torch.tensor(lens), samples)
    _observe_eval(model, batch, list(case['eval']['intermediate']), observed)
    _observe_train(model, batch, case['train'], observed)
    return observed


def _inputs(case: Dict[str, Any], rounding: float) -> torch.Tensor:
    noise = np.random.RandomState(case['input_seed']).standard_normal(
        (case['B'], case['T'], 3, _IMAGE_SIZE, _IMAGE_SIZE)
    )
    if rounding:
        noise *= 1 + rounding * np.random.RandomState(0).standard_normal(noise.shape)
    return torch.from_numpy(noise.astype(np.float32))


def compare(
    case: Dict[str, Any], observed: Observed, comparison: Comparison, *, moved: Optional[Observed] = None
) -> None:
    """Compare everything that ``case`` records with what was observed.

    Args:
        case: A network case.
        observed: What is compared.
        comparison: Takes the results.
        moved: What an input with rounding errors gives, if training steps may deviate by as much.
    """
    for index, (got, expected) in enumerate(zip(observed.shapes, case['state_dict'])):
        comparison.equal(f'state_dict[{index}]', got, expected)
    comparison.equal('state_dict length', len(observed.shapes), len(case['state_dict']))
    _compare_eval(case, observed, comparison)
    _compare_train(case, observed, comparison, observed if moved is None else moved)


def _observe_eval(model: torch.nn.Module, batch: Tuple, stages: List[str], observed: Observed) -> None:
    def record_stage(name):
        def hook(module, inputs, output):
            observed.stages[name] = [_statistics(pathway) for pathway in output]

        return hook

    def record_feat(module, inputs, output):
        observed.feat = _statistics(torch.cat(list(output.values()), 1))

    def record_logits(module, inputs, output):
        observed.feat_lens = inputs[1].tolist()
        observed.logits = output

    modules = dict(model.backbone.named_children())
    unknown = [name for name in stages if name not in modules and name != 'feat']
    if unknown:
        raise DataError(f'eval.intermediate: got {unknown[0]!r}, expected some of {list(modules)}.')
    handles = [modules[name].register_forward_hook(record_stage(name)) for name in stages if name != 'feat']
    handles.append(model.backbone.register_forward_hook(record_feat))
    handles.append(model.head.register_forward_hook(record_logits))
    model.eval()
    with torch.no_grad():
        results = model.predict(*batch)
    for handle in handles:
        handle.remove()
    for name in model.decode_outputs:
        observed.recognized[name] = [[*sample.hyps[name].glosses] for sample in results]


def _observe_train(model: torch.nn.Module, batch: Tuple, recipe: Dict[str, Any], observed: Observed) -> None:
    model.train()
    disable_dropout(model)
    own_names = dict(published_names(model.state_dict()))
    with tempfile.TemporaryDirectory(prefix='cslrkit-') as folder:
        updates = UpdatesInBackward(model, folder, lr=recipe['lr'], weight_decay=recipe['weight_decay'])
        for number, recorded in enumerate(recipe['steps'], 1):
            updates.wanted = number < len(recipe['steps'])
            losses = model.loss(*batch)
            total, _ = model.parse_losses(losses)
            total.backward()
            norms = updates.take_norms()
            named = {name: norms[own_names[name]] for name in recorded['grad_norms'] if own_names.get(name) in norms}
            named['__total__'] = math.sqrt(sum(norm**2 for norm in norms.values()))
            observed.steps.append(_Step(total.item(), _published_parts(losses), named))


def _statistics(x: torch.Tensor) -> Statistics:
    flat = x.detach().contiguous().view(-1)
    exact = flat.double()
    evenly = torch.linspace(0, flat.numel() - 1, 8, dtype=torch.float64).long()
    return dict(
        mean=exact.mean().item(),
        std=exact.std().item(),
        abs=exact.abs().mean().item(),
        at=flat[evenly].tolist(),
    )


def _published_parts(losses: Dict[str, torch.Tensor]) -> Dict[str, float]:
    """Sum weighted losses as the golden file names them: three of the main stream, one for each other."""
    kinds = {'seq_ctc': 'SeqCTC', 'conv_ctc': 'ConvCTC', 'dist': 'Dist'}
    parts: Dict[str, float] = {}
    for name, value in losses.items():
        kind, stream = name.rsplit('_', 1)
        part = kinds[kind] if stream == 'main' else stream.capitalize()
        parts[part] = parts.get(part, 0.0) + value.item()
    return parts


def _compare_statistics(what: str, got: Statistics, expected: Statistics, comparison: Comparison) -> None:
    comparison.equal(f'{what} keys', sorted(got), sorted(expected))
    scale = max(got['std'], 1e-12)
    for key in ('mean', 'std', 'abs'):
        comparison.close(f'{what}.{key}', got[key], expected[key], tolerance=_STAGE_TOLERANCE, scale=scale)
    comparison.all_close(f'{what}.at', got['at'], expected['at'], tolerance=_STAGE_TOLERANCE, scale=scale)


def _compare_eval(case: Dict[str, Any], observed: Observed, comparison: Comparison) -> None:
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


def _compare_train(case: Dict[str, Any], observed: Observed, comparison: Comparison, moved: Observed) -> None:
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


def _named(step: _Step, norms: Iterable[str]) -> Dict[str, Optional[float]]:
    """The numbers of a step by the names that messages give them."""
    parts = {f'parts.{name}': value for name, value in step.parts.items()}
    return {'loss': step.loss, **parts, **{f'grad_norms.{name}': step.grad_norms.get(name) for name in norms}}
