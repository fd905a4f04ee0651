"""Layers of a recognizer whose outputs are maps over image and time, and taking those outputs."""

from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import torch
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.registry import nearest
from cslrkit.utils.messages import listed

_PROBE_FRAMES = 16  # enough to see the shapes of all layers


def is_map(output: Any) -> bool:
    """Whether a layer's output has places: (1, C, T, H, W), or (T, C, H, W) of frames as a batch."""
    return isinstance(output, torch.Tensor) and output.dim() in (4, 5) and output.shape[-1] * output.shape[-2] > 1


def map_layers(model: nn.Module, inputs: torch.Tensor) -> Dict[str, int]:
    """Return the backbone's layers that give maps, in the order in which they end, with the places of a short side.

    Args:
        model: A recognizer.
        inputs: A clip, (1, T, 3, H, W); its first frames are run through the backbone.
    """
    found: Dict[str, int] = {}

    def record(name: str) -> Callable:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            parts = output if isinstance(output, (list, tuple)) else [output]
            if parts and all(map(is_map, parts)):
                found[name] = min(min(part.shape[-2:]) for part in parts)

        return hook

    named = [(name, module) for name, module in model.backbone.named_modules(prefix='backbone') if name != 'backbone']
    handles = [module.register_forward_hook(record(name)) for name, module in named]
    try:
        with torch.no_grad():
            model.backbone(inputs[:, :_PROBE_FRAMES].transpose(1, 2))
    finally:
        for handle in handles:
            handle.remove()
    return found


def find_layer(model: nn.Module, layer: str) -> nn.Module:
    """Return a module by its name, e.g. ``backbone.s5``.

    Raises:
        ConfigError: If there is none, with the nearest names.
    """
    modules = dict(model.named_modules())
    if not layer or layer not in modules:
        children = [f'backbone.{name}' for name, _ in model.backbone.named_children()]
        raise ConfigError(
            f"got '{layer}', expected a layer of the model such as {listed(children)}.{nearest(layer, modules)}",
            path='layer',
        )
    return modules[layer]


def refuse_layer(model: nn.Module, inputs: torch.Tensor, layer: str, got: str) -> ConfigError:
    """Return the error for a layer without maps; it lists those that have them, outer ones first."""
    names = sorted(map_layers(model, inputs), key=lambda name: name.count('.'))
    return ConfigError(
        f"'{layer}' gives {got}, expected maps over the image (1, C, T, H, W) or (T, C, H, W). Layers that do: "
        f'{listed(names, 16)}.',
        path='layer',
    )


class CapturedMap:
    """What a layer gave, as a leaf of the graph of what follows it.

    Args:
        streams: Names of the pathways of a layer that gives several maps.
        stream: Which of them; None takes the first.
        layer: Name of the layer, for messages.
    """

    def __init__(self, streams: Tuple[str, ...], stream: Optional[str], layer: str) -> None:
        self._streams, self._stream, self._layer = streams, stream, layer
        self.output: Any = None
        self.leaf: Optional[torch.Tensor] = None

    def hook(self, module: nn.Module, args: Any, output: Any) -> Any:
        """Forward hook: put a leaf in the place of the output. A layer that runs again counts the last time."""
        self.output = output
        parts = list(output) if isinstance(output, (list, tuple)) else [output]
        place = self._place(len(parts))
        if not is_map(parts[place]):
            self.leaf = None
            return output
        self.leaf = parts[place].detach().requires_grad_(True)
        # A copy goes on, since what follows may change it in place.
        parts[place] = self.leaf.clone()
        return type(output)(parts) if isinstance(output, (list, tuple)) else parts[0]

    def describe(self) -> str:
        """What the layer gave, in words."""
        if self.output is None:
            return 'nothing: it was not run'
        if isinstance(self.output, torch.Tensor):
            return f'a tensor of the shape {tuple(self.output.shape)}'
        return f'a {type(self.output).__name__}'

    def _place(self, count: int) -> int:
        if count == 1:
            if self._stream not in (None, *self._streams[: 1 if len(self._streams) == 1 else 0]):
                raise ConfigError(
                    f"got {self._stream!r}, but '{self._layer}' is of one stream. Leave it out, or take a layer that "
                    'gives several, such as a whole stage.',
                    path='stream',
                )
            return 0
        if self._stream is None:
            return 0
        if self._stream not in self._streams:
            raise ConfigError(
                f'got {self._stream!r}, expected one of {listed(self._streams)}.{nearest(self._stream, self._streams)}',
                path='stream',
            )
        return self._streams.index(self._stream)


@contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    """In the block, the model evaluates and no parameter takes part in a graph; after it all is as before."""
    modes: Dict[nn.Module, bool] = {module: module.training for module in model.modules()}
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.eval()
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
        for module, mode in modes.items():
            module.training = mode
