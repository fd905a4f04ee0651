"""Layers of a recognizer that torch exports for one length only, as layers that it exports for every length."""

from typing import Any, Dict, Tuple

import torch
from torch import nn
from torch.nn import functional as F

from cslrkit.models.heads.padded_lstm import PaddedLSTM, pack, unpack

# Gates of torch (input, forget, cell, output) by the order of ONNX (input, output, forget, cell), and back.
_TO_ONNX, _TO_TORCH = (0, 3, 1, 2), (0, 2, 3, 1)


def exportable(model: nn.Module) -> nn.Module:
    """Replace layers of a model, in place, and return it; results stay the same up to floating-point noise."""
    for name, child in model.named_children():
        if isinstance(child, PaddedLSTM):
            setattr(model, name, _LSTM(child))
        elif type(child) is nn.MaxPool1d:
            child.__class__ = _MaxPool
        else:
            exportable(child)
    return model


class _MaxPool(nn.MaxPool1d):
    """Pooling over steps as one over an image of a row: tracing the other one fixes the number of steps."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Pool (N, C, T)."""
        options = dict(stride=(1, self.stride), padding=(0, self.padding), dilation=(1, self.dilation))
        return F.max_pool2d(x[:, :, None], (1, self.kernel_size), ceil_mode=self.ceil_mode, **options)[:, :, 0]


class _LSTM(nn.Module):
    """A trained LSTM over padded clips, each layer an operator that ONNX has.

    Args:
        trained: Its weights.
    """

    def __init__(self, trained: PaddedLSTM) -> None:
        super().__init__()
        self.num_layers = trained.num_layers
        endings = ('', '_reverse') if trained.bidirectional else ('',)
        for layer in range(trained.num_layers):
            for kind in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'):
                rows = [_reordered(getattr(trained, f'{kind}_l{layer}{ending}'), _TO_ONNX) for ending in endings]
                self.register_buffer(f'{kind}_l{layer}', torch.stack(rows).detach())

    def forward(self, steps: torch.Tensor, lens: torch.Tensor) -> torch.Tensor:
        """Map (N, T', D) to (N, T', H) or, with two directions, (N, T', 2H)."""
        for layer in range(self.num_layers):
            kinds = ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh')
            weight, recurrent, *biases = (getattr(self, f'{kind}_l{layer}') for kind in kinds)
            steps = lstm_layer(steps, lens, weight, recurrent, torch.cat(biases, 1))
        return steps


@torch.library.custom_op('cslrkit::lstm_layer', mutates_args=())
def lstm_layer(
    steps: torch.Tensor, lens: torch.Tensor, weight: torch.Tensor, recurrent: torch.Tensor, bias: torch.Tensor
) -> torch.Tensor:
    """A layer of an LSTM over padded clips, with weights as ONNX has them; 0 at padded steps.

    Args:
        steps: (N, T', D).
        lens: Steps of each clip, int64 (N,).
        weight: Of the input, (directions, 4 H, D).
        recurrent: Of the state, (directions, 4 H, H).
        bias: Of both, (directions, 8 H).
    """
    weights = []
    for of_input, of_state, biases in zip(weight, recurrent, bias):
        weights += [_reordered(each, _TO_TORCH) for each in (of_input, of_state, *biases.chunk(2))]
    packed = pack(steps, lens)
    state = steps.new_zeros(len(weight), len(steps), recurrent.shape[-1])
    both = len(weight) == 2
    output = torch.lstm(packed.data, packed.batch_sizes, (state, state), weights, True, 1, 0.0, False, both)[0]
    return unpack(packed._replace(data=output), steps.shape[1])


@lstm_layer.register_fake
def _(steps, lens, weight, recurrent, bias):
    return steps.new_empty(*steps.shape[:2], recurrent.shape[0] * recurrent.shape[2])


def onnx_translations() -> Dict[Any, Any]:
    """Return how the operators above are written in ONNX, for ``torch.onnx.export``."""
    from onnxscript import opset18 as op

    def lstm(steps, lens, weight, recurrent, bias):
        directions, _, size = recurrent.shape
        output = op.LSTM(
            op.Transpose(steps, perm=[1, 0, 2]), weight, recurrent, bias, op.Cast(lens, to=6),  # 6: int32
            hidden_size=size, direction='bidirectional' if directions == 2 else 'forward',
        )[0]  # fmt: skip
        return op.Reshape(op.Transpose(output, perm=[2, 0, 1, 3]), [0, 0, directions * size])

    return {torch.ops.cslrkit.lstm_layer.default: lstm}


def _reordered(gates: torch.Tensor, order: Tuple[int, ...]) -> torch.Tensor:
    parts = gates.chunk(4)
    return torch.cat([parts[place] for place in order])
