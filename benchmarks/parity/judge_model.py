"""Judges the network, its losses and its gradients against the published SlowFastSign."""

import math
import tempfile
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np
import torch

from benchmarks.parity.cases import are_cases
from benchmarks.parity.compare_model import Observed, Statistics, Step, compare_outputs, compare_steps
from benchmarks.parity.published_model import (
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

# As many as the recording: they decide the order of sums, and a deep network in training mode amplifies the
# difference, to several percent of a gradient norm in the first step of R101.
RECORDED_THREADS = 2
# Another processor sums in another order. Where a case fails, its input is changed by rounding errors: a number may
# deviate by twice as much as that moves it, but never by more than a tenth.
_ROUNDING = 1e-7
_IMAGE_SIZE = 224


def recognizes(content: Any) -> bool:
    """Tell a golden file of network cases from its structure."""
    wanted = {'kwargs', 'state_dict', 'loss_weights', 'eval', 'train'}
    # Cases of other networks, which judge_zoo is for, say how they were filled.
    return are_cases(content, wanted) and not any('fill_rule' in case for case in content)


def judge(content: List[Dict[str, Any]]) -> Iterator[CaseResult]:
    """Yield a result for each case; a model is built, run and dropped before the next."""
    for index, case in enumerate(content):
        comparison = Comparison(str(case.get('tag', index)))
        with comparison.attempt(), torch_threads(RECORDED_THREADS):
            _judge_case(case, comparison)
        yield comparison.result()


def _judge_case(case: Dict[str, Any], comparison: Comparison) -> None:
    observed, strict = observe(case), Comparison(comparison.name)
    compare_outputs(case, observed, comparison)
    compare_steps(case, observed, strict)
    # Where the outputs are others, the case has failed already.
    only_steps_differ = comparison.result().passed and not strict.result().passed
    moved = observe(case, rounding=_ROUNDING) if only_steps_differ else None
    compare_steps(case, observed, comparison, moved=moved)


def observe(case: Dict[str, Any], *, rounding: float = 0.0) -> Observed:
    """Build, fill and run the model of ``case``.

    Args:
        case: A network case.
        rounding: Standard deviation of the relative change of the input; with one, only training is run.

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
    if not rounding:
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
            observed.steps.append(Step(total.item(), _published_parts(losses), named))


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
