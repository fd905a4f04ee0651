"""What the processor can do at best: the rate of matrix products, and what a network asks for."""

import time
from typing import Any, Callable, Dict

import torch
from torch.utils.flop_counter import FlopCounterMode

_SIZE = 2048
_REPEATS = 5


def matrix_product_rates() -> Dict[str, float]:
    """:func:`matrix_product_rate` of the number types that networks run in, by name."""
    return {name: matrix_product_rate(getattr(torch, name)) for name in ('float32', 'bfloat16')}


def matrix_product_rate(dtype: torch.dtype) -> float:
    """Floating-point operations per second of large matrix products.

    As ``matmul`` and as a convolution of kernel 1, which go through different libraries on some processors; the
    best of a few runs of the faster one.

    Args:
        dtype: Number type of the factors.
    """
    left, right = (torch.randn(_SIZE, _SIZE).to(dtype) for _ in range(2))
    image = torch.randn(1, _SIZE, 32, _SIZE // 32).to(dtype).contiguous(memory_format=torch.channels_last)
    kernel = torch.randn(_SIZE, _SIZE, 1, 1).to(dtype)
    with torch.no_grad():
        fastest = min(
            _fastest(lambda: left @ right),
            _fastest(lambda: torch.nn.functional.conv2d(image, kernel)),
        )
    return 2 * _SIZE**3 / fastest


def count_operations(function: Callable[[], Any]) -> int:
    """Floating-point operations of matrix products and convolutions in a call; a multiply-add counts twice.

    Args:
        function: What is run once and counted.
    """
    with FlopCounterMode(display=False) as counter:
        function()
    return counter.get_total_flops()


def _fastest(function: Callable[[], Any]) -> float:
    function()
    seconds = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
