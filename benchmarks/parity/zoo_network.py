"""Runs the recognizer of the zoo that a golden case describes."""

import math
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
from torch import nn

from benchmarks.parity.published_model import disable_dropout
from benchmarks.parity.zoo_build import batch_of
from cslrkit.models.backbones import USTM
from cslrkit.models.weights.names import published_names

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
    """Evaluation: statistics of stages, lengths in steps, logits (T', N, V), unweighted lifting losses, and of graphs.

    Those are the fixed terms of positions by name, and the pairs of places that are joined between the first two frames
    of the first clip behind the last stage.
    """

    stages: Dict[str, Statistics] = field(default_factory=dict)
    feat_len: List[int] = field(default_factory=list)
    logits: Dict[str, torch.Tensor] = field(default_factory=dict)
    lifting: Dict[str, float] = field(default_factory=dict)
    positions: Dict[str, Statistics] = field(default_factory=dict)
    pairs: List[int] = field(default_factory=list)


@dataclass
class Trained:
    """Two training steps: the first one's gradients and running statistics, the second one's losses."""

    first: Gradients = field(default_factory=Gradients)
    second: Gradients = field(default_factory=Gradients)
    no_gradient: List[str] = field(default_factory=list)
    running: Dict[str, Statistics] = field(default_factory=dict)


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
    graph = getattr(recognizer.backbone, 'temporalG2', None)
    if graph is not None:
        handles.append(
            graph.gconv.register_forward_hook(
                lambda _, args, __: result.pairs.extend(graph.pairs(args[0])[0, 0].tolist())
            )
        )
    with torch.no_grad():
        logits, feat_lens = recognizer.logits(inputs, lens)
    for handle in handles:
        handle.remove()
    result.feat_len = feat_lens.tolist()
    result.logits = {name: value.transpose(0, 1) for name, value in logits.items()}
    if norms:
        result.lifting = dict(lift_u=sum(norm[0] for norm in norms), lift_p=sum(norm[1] for norm in norms))
    buffers = [(f'conv2d.{name}', buffer) for name, buffer in recognizer.backbone.named_buffers()]
    result.positions = {name: statistics(buffer) for name, buffer in buffers if name.endswith('.relative_pos')}
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


def _module(recognizer: nn.Module, name: str) -> nn.Module:
    """The module of a published name."""
    part, _, rest = name.partition('.')
    root = {
        'conv2d': getattr(recognizer.backbone, 'net', recognizer.backbone),
        'conv1d': recognizer.neck,
        'temporal_model': recognizer.head.rnns['main'],
    }[part]
    if part == 'conv1d':
        layer = rest[len('temporal_conv.') :] if rest.startswith('temporal_conv.') else rest
        return root.stacks['main'].get_submodule(layer)
    return root.get_submodule(rest)


def _record(stages: Dict[str, Statistics], name: str) -> Callable:
    def hook(module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(module, USTM):
            output = output['main']
        elif isinstance(output, dict):  # any other backbone: a row for each frame, clip by clip
            output = output['main'].transpose(1, 2).flatten(0, 1)
        elif name.startswith('conv2d.temporalG'):  # recorded frame by frame
            output = output.transpose(1, 2).flatten(0, 1)
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
