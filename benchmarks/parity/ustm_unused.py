"""What the published USTM declares and never uses: its files hold it, the network here does not."""

from typing import Any, Dict, List

import torch
from torch import nn

from benchmarks.parity.published_model import KERNEL_SPECS
from cslrkit.models.heads.classifiers import NormLinear

_HEAD = 512  # outputs of the transformer's classifier
_BUFFERS = ('running_mean', 'running_var', 'num_batches_tracked')


def with_unused(shapes: List[List[Any]], kwargs: Dict[str, Any]) -> List[List[Any]]:
    """Put the unused parts at their places among published names and shapes, in order."""
    width = next(shape[0] for name, shape in shapes if name == 'conv2d.features.0.0.weight')
    result = []
    for name, shape in shapes:
        if name == 'classifier.weight':
            result += _early_heads(kwargs, width)
        result.append([name, shape])
        if name == 'conv2d.norm.bias':
            result += [['conv2d.head.weight', [_HEAD, *shape]], ['conv2d.head.bias', [_HEAD]]]
    return result


def unused_parameters(shapes: List[List[Any]]) -> List[str]:
    """Names of the parameters among published names that get no gradient, in order."""
    unused = [name for name, _ in shapes if name.startswith(('conv2d.head.', 'prems_'))]
    return [name for name in unused if not name.endswith(_BUFFERS)]


def _early_heads(kwargs: Dict[str, Any], width: int) -> List[List[Any]]:
    """Names and shapes of the heads behind the third and the second stage."""
    hidden, classes = kwargs['hidden_size'], kwargs['num_classes']
    with torch.device('meta'):
        parts = nn.ModuleDict(
            {
                'prems_conv1d': nn.ModuleList(_stack(width * scale, kwargs) for scale in (4, 2)),
                'prems_temporal_model': nn.ModuleList(
                    nn.ModuleDict({'rnn': nn.LSTM(hidden, hidden // 2, num_layers=2, bidirectional=True)})
                    for _ in range(2)
                ),
                'prems_classifier': nn.ModuleList(NormLinear(hidden, classes) for _ in range(2)),
            }
        )
    return [[name, list(tensor.shape)] for name, tensor in parts.state_dict().items()]


def _stack(channels: int, kwargs: Dict[str, Any]) -> nn.ModuleDict:
    hidden, layers = kwargs['hidden_size'], []
    for layer in KERNEL_SPECS[kwargs['conv_type']]:
        size = int(layer[1:])
        if layer[0] == 'P':
            layers.append(nn.MaxPool1d(size))
        else:
            layers += [nn.Conv1d(channels, hidden, size), nn.BatchNorm1d(hidden), nn.ReLU()]
            channels = hidden
    return nn.ModuleDict({'temporal_conv': nn.Sequential(*layers), 'fc': nn.Linear(hidden, kwargs['num_classes'])})
