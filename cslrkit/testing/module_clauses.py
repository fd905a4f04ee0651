"""The clauses that every part with weights shares."""

import io
from typing import Tuple

import torch
from torch import nn

from cslrkit.testing.contract import Case, copy_of, floats, map_floats
from cslrkit.utils.messages import listed

STATE = {
    'determinism': 'equal results. Drop features and draw numbers only where self.training is true.',
    'evaluation': 'the same state. Update running statistics only in training.',
    'input': 'the input unchanged. Leave out in-place operations (relu_, nn.ReLU(inplace=True), x[...] = ...) on it.',
    'gradient': 'one that is finite and not zero. Leave out argmax, detach(), no_grad(), rounding, sqrt(0) and log(0); '
    'remove parameters that no output depends on, or set requires_grad=False: distributed training waits for each.',
    'state dict': 'equal results. Register what they depend on: nn.Parameter, register_buffer, nn.ModuleList.',
}
MODULE = {
    **STATE,
    'dtype': 'results of that type. Make tensors with the dtype of the input; sum and take logarithms in float32.',
    'device': "the input's device. Make new tensors with device=x.device, and register constants by register_buffer.",
}


def check_state(case: Case) -> None:
    """Check what :data:`STATE` lists, on the inputs of the case."""
    with case.trying('determinism', 'two calls in evaluation mode'):
        module = case.build()
        case.same(case.evaluate(module), case.evaluate(module), tolerance=1e-6)
    with case.trying('evaluation', 'state_dict() after a call in evaluation mode'):
        module = case.build()
        before = copy_of(dict(module.state_dict()))
        case.evaluate(module)
        case.same(before, dict(module.state_dict()), tolerance=0.0)
    for mode in ('training', 'evaluation'):
        with case.trying('input', f'the input after a call in {mode} mode'), torch.no_grad():
            given = copy_of(case.inputs)
            case.build().train(mode == 'training')(*given)
            case.same(case.inputs, given, tolerance=0.0)
    with case.trying('gradient', 'backward'):
        _check_gradients(case)
    with case.trying('state dict', 'results of a second module that loaded the state of the first'):
        first, second, stored = case.build(seed=0), case.build(seed=1), io.BytesIO()
        with torch.no_grad():
            first.train()(*copy_of(case.inputs))  # running statistics that differ from those of a new module
        torch.save(first.state_dict(), stored)
        stored.seek(0)
        second.load_state_dict(torch.load(stored, weights_only=True))
        case.same(case.evaluate(first), case.evaluate(second))


def check_module(case: Case) -> None:
    """Check what :data:`MODULE` lists, on the inputs of the case."""
    check_state(case)
    with case.trying('dtype', 'float64 weights and input', do='Make new tensors with the dtype of the input.'):
        doubled = case.evaluate(case.build().double(), *map_floats(case.inputs, torch.Tensor.double))
        for name, output in floats(doubled).items():
            at = f'output {name} for float64 weights and input'
            case.expect(output.dtype == torch.float64, output.dtype, 'torch.float64', at=at)
    with case.trying('dtype', 'bfloat16 autocast', do='Cast to one dtype where two meet.'):
        with torch.autocast('cpu', dtype=torch.bfloat16):
            outputs = case.evaluate(case.build())
        for name, output in floats(outputs).items():
            right = output.float().isfinite().all()
            case.expect(right, 'NaN or infinity', 'finite values', at=f'output {name} under bfloat16 autocast')
    with case.trying('device', 'weights and input on another device'):
        _check_device(case)


def _check_gradients(case: Case) -> None:
    module = case.build().train()
    given = map_floats(case.inputs, lambda tensor: tensor.clone().requires_grad_())
    # The module gets a copy, so that an in-place operation is told of by its own clause alone.
    outputs = floats(module(*map_floats(given, lambda tensor: tensor.clone())))
    inputs: Tuple[torch.Tensor, ...] = tuple(floats(given).values())
    for name, output in outputs.items():
        value = (output.float() * torch.linspace(-1, 1, output.numel()).view(output.shape)).sum()
        found = torch.autograd.grad(value, inputs, retain_graph=True, allow_unused=True) if value.requires_grad else ()
        at = f'the input, from output {name}'.rstrip()
        case.expect(any(g is not None and bool(g.ne(0).any()) for g in found), 'no gradient', at=at)
        case.expect(all(g is None or bool(g.isfinite().all()) for g in found), 'NaN or infinity', at=at)
        if value.requires_grad:
            value.backward(retain_graph=True)
    trained = {name: parameter.grad for name, parameter in module.named_parameters() if parameter.requires_grad}
    unused = [name for name, gradient in trained.items() if gradient is None]
    infinite = [name for name, gradient in trained.items() if gradient is not None and not gradient.isfinite().all()]
    for names, got in ((unused, 'no gradient in'), (infinite, 'NaN or infinity in the gradient of')):
        case.expect(not names, f'{got} {listed(names, 5)}', 'a finite one in each', at='parameters after backward')


def _check_device(case: Case) -> None:
    # The meta device has shapes and no values; a tensor that is left on the CPU does not go with it.
    moved = map_floats(case.inputs, lambda tensor: tensor.to('meta'))
    try:
        outputs = floats(case.evaluate(case.build().to('meta'), *moved))
    except NotImplementedError:
        return  # an operation that needs values: nothing can be told without another device
    except (RuntimeError, TypeError) as error:
        case.expect('meta tensors' in str(error), error, 'no error')  # .item() and its like need values, too
        return
    for name, output in outputs.items():
        at = f'output {name} for weights and input on another device'
        case.expect(output.device.type == 'meta', f'a tensor on {output.device}', at=at)


def check_alone(case: Case, module: nn.Module, unit: str, axis: int, steps: list) -> None:
    """Compare what each clip gives alone, without padding, with what it gives in the batch."""
    feats, lengths = case.inputs
    batch = floats(case.evaluate(module))
    for index, (length, count) in enumerate(zip(lengths.tolist(), steps)):
        with case.trying('padding invariance', f'clip {index} of {length} {unit} alone and in a batch of {lengths[0]}'):
            clip = {name: values[index : index + 1, :, :length] for name, values in feats.items()}
            alone = floats(case.evaluate(module, clip, lengths[index : index + 1]))
            cut = {name: values[index : index + 1].narrow(axis, 0, count) for name, values in batch.items()}
            case.same(alone, cut)
