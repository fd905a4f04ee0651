"""Batch norms of inference as part of the convolutions before them."""

from collections import Counter
from typing import Dict, List, Tuple

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.utils._python_dispatch import TorchDispatchMode

from cslrkit.errors import ConfigError
from cslrkit.models.backbones.example import example_input


def fold_batch_norms(model: nn.Module) -> List[Tuple[str, str]]:
    """Fold each batch norm that alone reads a convolution's output into that convolution, in place.

    The pairs are found by following a small clip through the network, so the order of computation
    decides and not the names of modules. What is computed stays the same up to floating-point noise;
    factors are computed in float64. The model can only infer afterwards.

    Args:
        model: A recognizer or a backbone, in evaluation mode.

    Returns:
        The names of each folded convolution and its batch norm.

    Raises:
        ConfigError: In training mode.
    """
    if any(isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training for module in model.modules()):
        raise ConfigError(
            'fold_batch_norms: got a model in training mode, whose batch norms change. Call eval() first.'
        )
    folded = []
    modules = dict(model.named_modules())
    for conv_name, norm_name in _pairs(model):
        _fold(modules[conv_name], modules[norm_name])
        _replace(model, norm_name, nn.Identity().eval())
        folded.append((conv_name, norm_name))
    return folded


def _pairs(model: nn.Module) -> List[Tuple[str, str]]:
    """Names of convolutions and the batch norms that alone read their output."""
    convs, norms = {}, {}
    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            convs[id(module.weight)] = name
        elif isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_var is not None:
            norms[id(module.running_var)] = name
    recorder = _Recorder(convs, norms)
    with torch.no_grad(), recorder:
        _run_example(model)
    return recorder.pairs()


def _run_example(model: nn.Module) -> None:
    if not hasattr(model, 'neck'):
        model(example_input(model, 8))
        return
    spec = model.neck.temporal_spec
    num_frames = spec.frame_len(4 * spec.total_stride)
    features = model.backbone(example_input(model.backbone, num_frames))
    model.logits(features, torch.tensor([num_frames]), features=features)


class _Recorder(TorchDispatchMode):
    """Notes which convolution made each tensor, and which batch norm and how many others read it."""

    def __init__(self, convs: Dict[int, str], norms: Dict[int, str]) -> None:
        super().__init__()
        self.convs = convs
        self.norms = norms
        self.outputs: Dict[int, Tuple[str, torch.Tensor]] = {}  # tensors are kept, so ids stay theirs
        self.readers: Counter = Counter()
        self.found: List[Tuple[int, str]] = []
        self.calls: Counter = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run an operator and note what it reads and makes."""
        tensors = [value for value in (*args, *(kwargs or {}).values()) if isinstance(value, torch.Tensor)]
        conv = next((self.convs[id(tensor)] for tensor in tensors if id(tensor) in self.convs), None)
        norm = next((self.norms[id(tensor)] for tensor in tensors if id(tensor) in self.norms), None)
        for value in args:
            for tensor in value if isinstance(value, (list, tuple)) else [value]:
                self.readers[id(tensor)] += id(tensor) in self.outputs
        result = func(*args, **(kwargs or {}))
        if conv is not None:
            self.calls[conv] += 1
            if 'convolution' in func.__name__ and isinstance(result, torch.Tensor):
                self.outputs[id(result)] = (conv, result)
        if norm is not None:
            self.calls[norm] += 1
            if 'batch_norm' in func.__name__ and id(args[0]) in self.outputs:
                self.found.append((id(args[0]), norm))
        return result

    def pairs(self) -> List[Tuple[str, str]]:
        """Names of convolutions and batch norms, each used once, whose tensor nothing else reads."""
        named = [(output, self.outputs[output][0], norm) for output, norm in self.found]
        return [
            (conv, norm)
            for output, conv, norm in named
            if self.readers[output] == 1 and self.calls[conv] == 1 and self.calls[norm] == 1
        ]


def _fold(conv: nn.Module, norm: nn.Module) -> None:
    statistics, factors = (norm.running_mean, norm.running_var), (norm.weight, norm.bias)
    doubled = [None if value is None else value.double() for value in (conv.weight, conv.bias, *statistics, *factors)]
    weight, bias = fuse_conv_bn_weights(*doubled[:4], norm.eps, *doubled[4:])
    # `copy_` keeps the weight's memory format.
    conv.weight.data.copy_(weight)
    conv.bias = nn.Parameter(bias.to(conv.weight.dtype), requires_grad=False)


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition('.')
    setattr(model.get_submodule(parent) if parent else model, child, module)
