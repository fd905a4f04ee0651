"""Builds, fills and runs the recognizer of the zoo that a golden case describes."""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import BaseDataPreprocessor
from torch import nn

from benchmarks.parity.published_model import (
    KERNEL_SPECS,
    disable_dropout,
    fill_by_rule,
    published_arithmetic,
    published_shapes,
    split_labels,
)
from cslrkit.errors import DataError
from cslrkit.models.losses import published_losses
from cslrkit.models.weights.names import published_names
from cslrkit.registry import MODELS
from cslrkit.structures import SignDataSample

MODELS_FOLDER = Path(__file__).resolve().parents[2] / 'configs' / '_base_' / 'models'
# Repository of a case -> name of the network, and the config that is judged.
_NETWORKS = {
    'VIPL-SLP/VAC_CSLR': ('VAC', 'vac_r18.py'),
    'hulianyuyy/CorrNet': ('CorrNet', 'corrnet_r18.py'),
    'hulianyuyy/Temporal-Lift-Pooling': ('TLP', 'tlp_r18.py'),
    'hulianyuyy/SEN_CSLR': ('SEN', 'sen_r18.py'),
    'hulianyuyy/CorrNet_Plus': ('CorrNet+', 'corrnet_plus_r18.py'),
    'xhonghu/SignDAGC-master': ('SignDAGC', 'signdagc_r34.py'),
    'gswycf/SignGraph': ('SignGraph', 'signgraph_r18.py'),
    'gufranSabri/USTM': ('USTM', 'ustm_swin.py'),
    'sutwangyan/MSKA': ('MSKA-SLR', 'mska.py'),
    'xhonghu/CESMM': ('CESMM', 'cesmm.py'),
}
_HEADS = ('left', 'right', 'fuse', 'body')  # of MSKA-SLR
_PARTS = {
    'seq_ctc_main': 'SeqCTC',
    'conv_ctc_main': 'ConvCTC',
    'dist_main': 'Dist',
    'lift_u_main': 'Cu',
    'lift_p_main': 'Cp',
    'dist_conv_to_seq': 'Dist_conv_to_seq',
    'dist_seq_to_conv': 'Dist_seq_to_conv',
    **{
        f'{own}_{head}': f'{own_name}_{head}'
        for own, own_name in (('ctc', 'CTC'), ('distill', 'Distill'))
        for head in _HEADS
    },
}
# `'conv2d.alpha': 0.3 + 0.05 s`, `last name part is weights or weights2: 0.4 + 0.1 s`, also `; weights: 0.4 + 0.1 s`,
# `names that end in 'down_conv2.weight': 0.05 s / sqrt(...)`.
_EXACT = re.compile(r"'([\w.]+)': ([\d.]+) \+ ([\d.]+) s")
_LAST_PART = re.compile(r'(?:last name part is |; )(\w+(?:(?:, | or )\w+)*): ([\d.]+) \+ ([\d.]+) s')
_SCALED = re.compile(r"names that end in '([\w.]+)': ([\d.]+) s / sqrt")

Statistics = Dict[str, Any]


@dataclass
class Gradients:
    """Losses and gradients of a training step: norms of modules and parameters by published name, and elements."""

    loss: float = 0.0
    parts: Dict[str, float] = field(default_factory=dict)
    by_module: Dict[str, float] = field(default_factory=dict)
    total: float = 0.0
    norms: Dict[str, Optional[float]] = field(default_factory=dict)
    values: Dict[str, List[float]] = field(default_factory=dict)


@dataclass
class Evaluated:
    """Evaluation: statistics of stages, lengths in steps, logits (T', N, V) and unweighted lifting losses."""

    stages: Dict[str, Statistics] = field(default_factory=dict)
    feat_len: List[int] = field(default_factory=list)
    logits: Dict[str, torch.Tensor] = field(default_factory=dict)
    lifting: Dict[str, float] = field(default_factory=dict)


@dataclass
class Trained:
    """Two training steps: the first one's gradients and running statistics, the second one's losses."""

    first: Gradients = field(default_factory=Gradients)
    second: Gradients = field(default_factory=Gradients)
    no_gradient: List[str] = field(default_factory=list)
    running: Dict[str, Statistics] = field(default_factory=dict)


def network_name(case: Dict[str, Any]) -> str:
    """Return what the network of ``case`` is called.

    Raises:
        DataError: If its config is not there yet.
    """
    repository = case['source'].split()[0]
    name, config = _NETWORKS.get(repository, (repository, ''))
    if not config or not (MODELS_FOLDER / config).is_file():
        raise DataError(f'not built: {name}')
    return name


def build(case: Dict[str, Any]) -> nn.Module:
    """Return the recognizer of the base config with the case's arguments, filled by its rule, weights row by row."""
    network_name(case)
    kwargs = case['kwargs']
    name = _NETWORKS[case['source'].split()[0]][1]
    if name == 'vac_r18.py' and kwargs.get('share_classifier'):
        name = 'smkd_r18.py'
    model = Config.fromfile(MODELS_FOLDER / name, lazy_import=False).model.to_dict()
    model['backbone'].pop('init_cfg', None)
    model['backbone']['depth'] = int(re.search(r'\d+', kwargs['c2d_type'])[0])
    lifts = any(layer.startswith('L') for layer in model['neck']['kernel_spec'])
    layers = KERNEL_SPECS[kwargs['conv_type']]
    model['neck']['kernel_spec'] = [layer.replace('P', 'L') if lifts else layer for layer in layers]
    model['neck']['hidden_size'] = kwargs['hidden_size']
    model['head'].update(
        classifier='norm_linear' if kwargs.get('weight_norm') else 'linear',
        share_classifier='stream' if kwargs.get('share_classifier') else 'none',
    )
    model.update(
        losses=published_losses(case['loss_weights']),
        vocab=[f'G{index}' for index in range(1, kwargs['num_classes'])],
        data_preprocessor=BaseDataPreprocessor(),
    )
    recognizer = MODELS.build(model)
    fill_by_rule(recognizer, exceptions(case['fill_rule']))
    published_arithmetic(recognizer)
    return recognizer


def shapes_of(recognizer: nn.Module) -> List[List[Any]]:
    """Published names and shapes of the state dict, in order."""
    return published_shapes(recognizer)


def batch_of(case: Dict[str, Any], dtype: torch.dtype) -> Tuple[torch.Tensor, torch.Tensor, List[SignDataSample]]:
    """The case's batch: noise (N, T, 3, H, W), padded lengths and labels."""
    shape = (case['B'], case['T'], 3, *case['image_size'])
    noise = np.random.RandomState(case['input_seed']).standard_normal(shape)
    return batch_with(noise, case, dtype)


def batch_with(noise: np.ndarray, case: Dict[str, Any], dtype: torch.dtype) -> Tuple:
    """Inputs, rounded to float32 and of ``dtype``, with the case's lengths and labels."""
    labels = split_labels(case['labels'], case['label_lengths'])
    samples = [SignDataSample.create(str(index), ids) for index, ids in enumerate(labels)]
    return torch.from_numpy(noise.astype(np.float32)).to(dtype), torch.tensor(case['lens']), samples


def evaluate(recognizer: nn.Module, case: Dict[str, Any]) -> Evaluated:
    """Run the network in evaluation and record its stages."""
    inputs, lens, _ = batch_of(case, torch.float32)
    result, handles = Evaluated(), []
    recognizer.eval()
    for name in case['eval']['stages']:
        module = _module(recognizer, name)
        handles.append(module.register_forward_hook(_record(result.stages, name)))
    pools = [module for module in recognizer.neck.modules() if hasattr(module, 'lift')]
    norms: List[Tuple[float, float]] = []
    for pool in pools:
        handles.append(pool.register_forward_hook(lambda module, args, output: norms.append(_norms(module, args[0]))))
    with torch.no_grad():
        logits, feat_lens = recognizer.logits(inputs, lens)
    for handle in handles:
        handle.remove()
    result.feat_len = feat_lens.tolist()
    result.logits = {name: value.transpose(0, 1) for name, value in logits.items()}
    if norms:
        result.lifting = dict(lift_u=sum(norm[0] for norm in norms), lift_p=sum(norm[1] for norm in norms))
    return result


def train(recognizer: nn.Module, case: Dict[str, Any], batch: Tuple) -> Trained:
    """Run two training steps in the arithmetic of the batch's inputs."""
    recognizer.to(batch[0].dtype).train()
    disable_dropout(recognizer)
    recipe = case['train']
    optimizer = torch.optim.Adam(
        recognizer.parameters(), lr=recipe['lr'], weight_decay=recipe['weight_decay'], betas=tuple(recipe['betas'])
    )
    result, recorded = Trained(), recipe['steps'][0]
    parameters = _parameters(recognizer)
    loss = _losses(recognizer, batch, result.first)
    buffers = dict(recognizer.named_buffers())
    own = dict(published_names(recognizer.state_dict()))
    for name in recorded['running_stats_after_forward']:
        result.running[name] = statistics(buffers[own[name]])
    loss.backward()
    first, norms = result.first, {name: _norm(parameter) for name, parameter in parameters.items()}
    first.by_module = {
        prefix: math.sqrt(sum(n**2 for name, n in norms.items() if f'{name}.'.startswith(f'{prefix}.')))
        for prefix in recorded['grad_norms_by_module']
    }
    first.total = math.sqrt(sum(n**2 for n in norms.values()))
    first.norms = {name: norms.get(name) for name in recorded['grad_norms']}
    first.values = {
        name: parameters[name].grad.flatten().tolist()
        for name in recorded['grad_norms']
        if name in parameters and parameters[name].grad is not None and parameters[name].numel() <= 16
    }
    result.no_gradient = [name for name, parameter in parameters.items() if parameter.grad is None]
    optimizer.step()
    with torch.no_grad():
        _losses(recognizer, batch, result.second)
    return result


def statistics(tensor: torch.Tensor) -> Statistics:
    """Return what a case records of a tensor."""
    flat = tensor.detach().reshape(-1)
    exact = flat.double()
    evenly = torch.linspace(0, flat.numel() - 1, 8, dtype=torch.float64).long()
    return dict(
        shape=list(tensor.shape),
        mean=exact.mean().item(),
        std=exact.std().item(),
        abs=exact.abs().mean().item(),
        at=exact[evenly].tolist(),
    )


def exceptions(rule: str) -> Callable[[str, np.ndarray], Any]:
    """Read the exceptions of a fill rule from its text."""
    exact = {name: (float(mean), float(scale)) for name, mean, scale in _EXACT.findall(rule)}
    last = {
        part: (float(mean), float(scale))
        for parts, mean, scale in _LAST_PART.findall(rule)
        for part in re.split(', | or ', parts)
    }
    scaled = {end: float(scale) for end, scale in _SCALED.findall(rule)}

    def special(name: str, noise: np.ndarray) -> Any:
        mean_and_scale = exact.get(name) or (last.get(name.rpartition('.')[2]) if noise.ndim == 1 else None)
        if mean_and_scale:
            return mean_and_scale[0] + mean_and_scale[1] * noise
        for end, scale in scaled.items():
            if name.endswith(end):
                return scale * noise / np.sqrt(np.prod(noise.shape[1:]))
        return None

    return special


def _module(recognizer: nn.Module, name: str) -> nn.Module:
    """The module of a published name."""
    part, _, rest = name.partition('.')
    root = {
        'conv2d': getattr(recognizer.backbone, 'net', recognizer.backbone),
        'conv1d': recognizer.neck,
        'temporal_model': recognizer.head.rnns['main'],
    }[part]
    return root.get_submodule(rest.replace('temporal_conv', 'stacks.main', 1) if part == 'conv1d' else rest)


def _record(stages: Dict[str, Statistics], name: str) -> Callable:
    def hook(module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(output, dict):  # a backbone: a row for each frame, clip by clip
            output = output['main'].transpose(1, 2).flatten(0, 1)
        stages[name] = statistics(output.transpose(0, 1) if name == 'temporal_model' else output)

    return hook


def _norms(pool: nn.Module, x: torch.Tensor) -> Tuple[float, float]:
    _, update, detail = pool.lift(x)
    return update.double().norm().item(), detail.double().norm().item()


def _parameters(recognizer: nn.Module) -> Dict[str, nn.Parameter]:
    """Parameters by the first of their published names."""
    own_parameters, found, seen = dict(recognizer.named_parameters()), {}, set()
    for published, own in published_names(recognizer.state_dict()):
        if own in own_parameters and own not in seen:
            found[published] = own_parameters[own]
            seen.add(own)
    return found


def _losses(recognizer: nn.Module, batch: Tuple, result: Gradients) -> torch.Tensor:
    losses = recognizer.loss(*batch)
    total = sum(losses.values())
    result.loss, result.parts = total.item(), {_PARTS[name]: value.item() for name, value in losses.items()}
    return total


def _norm(parameter: nn.Parameter) -> float:
    return 0.0 if parameter.grad is None else parameter.grad.double().norm().item()
