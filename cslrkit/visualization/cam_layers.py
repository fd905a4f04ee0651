"""Layers of a recognizer whose outputs are maps over image and time, and taking those outputs."""

from contextlib import ExitStack, contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import torch
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.registry import nearest
from cslrkit.structures import stream_specs
from cslrkit.utils.checks import one_of
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
    with ExitStack() as hooks, torch.no_grad():
        for name, module in named:
            hooks.enter_context(module.register_forward_hook(record(name)))
        model.backbone(inputs[:, :_PROBE_FRAMES].transpose(1, 2))
    return found


def capture_map(
    model: nn.Module, layer: str, stream: Optional[str], inputs: torch.Tensor, run: Callable[[], Any]
) -> Tuple[torch.Tensor, Any]:
    """Run the model with the map that a layer gives as a leaf of the graph of all that follows it.

    Args:
        model: A recognizer.
        layer: Name of the layer, e.g. ``backbone.s5``. If it runs several times, the last one counts.
        stream: Which of several maps; None for the first.
        inputs: What is recognized, for the message that lists layers with maps.
        run: Runs the model.

    Returns:
        The leaf, and what ``run`` returned.

    Raises:
        ConfigError: For an unknown layer or stream, or a layer that gives no map.
    """
    modules = dict(model.named_modules())
    if not layer or layer not in modules:
        children = [f'backbone.{name}' for name, _ in model.backbone.named_children()]
        raise ConfigError(
            f"got '{layer}', expected a layer of the model such as {listed(children)}.{nearest(layer, modules)}",
            path='layer',
        )
    outputs: List[Any] = []
    leaves: List[Optional[torch.Tensor]] = [None]

    def hook(module: nn.Module, args: Any, output: Any) -> Any:
        outputs.append(output)
        parts = list(output) if isinstance(output, (list, tuple)) else [output]
        place = _place_of(stream, tuple(stream_specs(model.backbone)), len(parts), layer)
        leaves.append(parts[place].detach().requires_grad_(True) if is_map(parts[place]) else None)
        if leaves[-1] is None:
            return output
        parts[place] = leaves[-1].clone()  # what follows may change it in place
        return type(output)(parts) if isinstance(output, (list, tuple)) else parts[0]

    with modules[layer].register_forward_hook(hook), torch.enable_grad():
        result = run()
    if leaves[-1] is None:
        got = 'nothing: it was not run'
        if outputs:
            shape = getattr(outputs[-1], 'shape', None)
            got = f'a {type(outputs[-1]).__name__}' if shape is None else f'a tensor of the shape {tuple(shape)}'
        names = sorted(map_layers(model, inputs), key=lambda name: name.count('.'))  # outer ones first
        raise ConfigError(
            f"'{layer}' gives {got}, expected maps over the image (1, C, T, H, W) or (T, C, H, W). Layers that do: "
            f'{listed(names, 16)}.',
            path='layer',
        )
    return leaves[-1], result


def _place_of(stream: Optional[str], streams: Tuple[str, ...], count: int, layer: str) -> int:
    if stream is None:
        return 0
    if count == 1 and streams != (stream,):
        raise ConfigError(
            f"got {stream!r}, but '{layer}' is of one stream. Leave it out, or take a layer that "
            'gives several, such as a whole stage.',
            path='stream',
        )
    return streams.index(one_of('stream', stream, streams))


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
