"""Compiling a backbone once for clips of every length."""

import copy
import os
import shutil
from typing import Any, Callable, Dict, Optional

import torch
from torch import nn

from cslrkit.errors import ConfigError

_TIME = 2
_COMPILERS = ('g++', 'clang++', 'cl')


def compile_network(network: nn.Module) -> 'Compiled':
    """Compile a backbone, in place; its first call takes from seconds to minutes.

    The time axis is dynamic: after the first clip, clips of other lengths use what was compiled. What does
    compile again: another batch size, image size, or the change between training and evaluation.
    Names in the state dict stay the same.

    Args:
        network: Maps clips (N, 3, T, H, W) to streams.

    Returns:
        The compiled call, which has taken the place of ``network.forward``.

    Raises:
        ConfigError: Without a C++ compiler, or for a network with activation checkpointing.
    """
    find_compiler()
    if any(getattr(module, 'with_cp', False) for module in network.modules()):
        raise ConfigError(
            'a compiled backbone plans its memory itself: got with_cp=True and compile. Use one of the two.',
            path='model.backbone.with_cp',
        )
    freeze = not any(parameter.requires_grad for parameter in network.parameters())
    compiled = Compiled(network.forward, freeze=freeze)
    network.forward = compiled
    return compiled


class Compiled:
    """A compiled function of a clip whose length may change from call to call.

    Args:
        function: Maps a clip (N, C, T, H, W) to streams.
        freeze: Whether weights are constants of what is compiled, which merges more into a convolution and
            lays weights out once. Only for inference.

    ``graphs`` counts how often it was compiled.
    """

    def __init__(self, function: Callable[[torch.Tensor], Dict[str, torch.Tensor]], *, freeze: bool) -> None:
        self.function = function
        self.freeze = freeze
        self.graphs = 0
        self._run = torch.compile(function, backend=self._backend)

    def __call__(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Run on a clip."""
        import torch._inductor.config as inductor  # late: it is only needed to compile

        torch._dynamo.maybe_mark_dynamic(x, _TIME)
        # Tracing reads it too: frozen weights are constants of the graph and not its inputs.
        with inductor.patch(freezing=self.freeze):
            return self._run(x)

    def __deepcopy__(self, memo: Dict[int, Any]) -> 'Compiled':
        return Compiled(copy.deepcopy(self.function, memo), freeze=self.freeze)

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
