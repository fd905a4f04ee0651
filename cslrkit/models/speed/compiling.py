"""Compiling a backbone once for clips of every length."""

import os
import shutil
from typing import Callable, Dict, Optional

import torch
from torch import nn

from cslrkit.errors import ConfigError

_TIME = 2
_COMPILERS = ('g++', 'clang++', 'cl')


def compile_network(network: nn.Module) -> 'Compiled':
    """Compile a backbone for inference, in place; its first call takes up to a minute.

    The time axis is dynamic: after the first clip, clips of other lengths use what was compiled. Another
    batch or image size compiles again. Weights become constants, laid out once. Names in the state
    dict stay the same.

    There is no such thing for training: inductor's backward pass of a 3-D convolution is compiled for one
    length, so that each new length would compile the network again.

    Args:
        network: Maps clips (N, 3, T, H, W) to streams.

    Returns:
        The compiled call, which has taken the place of ``network.forward``.

    Raises:
        ConfigError: Without a C++ compiler, or in training mode.
    """
    find_compiler()
    if any(module.training for module in network.modules()):
        raise ConfigError(
            'compile_network: got a network in training mode, expected one that infers. Call eval() first.'
        )
    compiled = Compiled(network.forward)
    network.forward = compiled
    return compiled


class Compiled:
    """A compiled function of a clip whose length may change from call to call.

    Args:
        function: Maps a clip (N, C, T, H, W) to streams.

    ``graphs`` counts how often it was compiled.
    """

    def __init__(self, function: Callable[[torch.Tensor], Dict[str, torch.Tensor]]) -> None:
        self.function = function
        self.graphs = 0
        self._run = torch.compile(function, backend=self._backend)

    def __call__(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Run on a clip."""
        import torch._inductor.config as inductor  # late: it is only needed to compile

        torch._dynamo.maybe_mark_dynamic(x, _TIME)
        # Tracing reads it too: frozen weights are constants of the graph and not its inputs.
        with torch.no_grad(), inductor.patch(freezing=True):
            return self._run(x)

    def _backend(self, graph: torch.fx.GraphModule, inputs: list) -> Callable:
        from torch._inductor.compile_fx import compile_fx  # late: it takes seconds to import

        self.graphs += 1
        return compile_fx(graph, inputs)


def find_compiler() -> str:
    """Return the C++ compiler that torch will call.

    Raises:
        ConfigError: If there is none.
    """
    wanted: Optional[str] = os.environ.get('CXX')
    for name in (wanted,) if wanted else _COMPILERS:
        if shutil.which(name):
            return name
    raise ConfigError(
        f'compile: found no C++ compiler (looked for {wanted or ", ".join(_COMPILERS)}), which torch.compile needs. '
        'Install g++, name one in the environment variable CXX, or leave compile out.'
    )
