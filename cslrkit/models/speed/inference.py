"""A copy of a trained model that only infers, and does so faster."""

import copy
from typing import Dict, Optional

import torch
from torch import nn

from cslrkit.models.backbones.example import Medium, map_media
from cslrkit.models.speed.compiling import compile_network
from cslrkit.models.speed.folding import fold_batch_norms
from cslrkit.utils.checks import one_of

DTYPES = ('float32', 'bfloat16', 'float16')


def prepare_for_inference(
    model: nn.Module, *, fold_bn: bool = True, dtype: Optional[str] = None, compile: bool = False
) -> nn.Module:
    """Return a copy of ``model`` for evaluation alone; the model itself stays as it is.

    Args:
        model: A recognizer, or a backbone alone.
        fold_bn: Whether batch norms become part of the convolutions before them. Results differ by
            floating-point noise only.
        dtype: ``'bfloat16'`` or ``'float16'`` for the backbone's weights and activations, which are cast
            once; its features are float32 again, and so are neck and head. None or ``'float32'`` keeps
            the precision. Reduced precision changes logits in their third digit.
        compile: Whether the backbone is compiled at its first call, see
            :func:`~cslrkit.models.speed.compile_network`.

    Raises:
        ConfigError: For another ``dtype``, or to compile without a C++ compiler.
    """
    if dtype is not None:
        one_of('inference.dtype', dtype, DTYPES)
    prepared = copy.deepcopy(model).eval().requires_grad_(False)
    if fold_bn:
        fold_batch_norms(prepared)
    network = getattr(prepared, 'backbone', prepared)
    if dtype not in (None, 'float32'):
        _lower_precision(network, getattr(torch, dtype))
    if compile:
        compile_network(network)
    return prepared


class _Cast:
    """Calls ``function`` on a clip of reduced precision and returns features of float32."""

    def __init__(self, function, dtype: torch.dtype) -> None:
        self.function = function
        self.dtype = dtype

    def __call__(self, x: Medium) -> Dict[str, torch.Tensor]:
        x = map_media(x, lambda medium: medium.to(self.dtype))
        return {stream: feature.float() for stream, feature in self.function(x).items()}


def _lower_precision(network: nn.Module, dtype: torch.dtype) -> None:
    network.to(dtype)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.float()  # statistics of reduced precision would cost accuracy and save no time
    network.forward = _Cast(network.forward, dtype)
