"""The clauses that every part with weights shares."""

import copy
import io

import torch
from torch import nn

from cslrkit.testing.contract import Case, floats, map_floats
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
    module = case.build()
    before = copy.deepcopy(dict(module.state_dict()))
    with case.trying('determinism', 'two calls in evaluation mode'):
        case.same(case.evaluate(module), case.evaluate(module), tolerance=1e-6)
    with case.trying('evaluation', 'state_dict() after a call in evaluation mode'):
        case.same(before, dict(module.state_dict()), tolerance=0.0)
    for mode in ('training', 'evaluation'):
        with case.trying('input', f'the input after a call in {mode} mode'), torch.no_grad():
            given = copy.deepcopy(case.inputs)
            case.build().train(mode == 'training')(*given)
            case.same(case.inputs, given, tolerance=0.0)
    with case.trying('gradient', 'backward'):
        module = case.build().train()
        given = map_floats(case.inputs, lambda tensor: tensor.clone().requires_grad_())
        inputs = list(floats(given).values())
        # The module gets a copy, so that an in-place operation is told of by its own clause alone.
        for name, output in floats(module(*map_floats(given, torch.clone))).items():
            for each in inputs:
                each.grad = None
            value = (output.float() * torch.linspace(-1, 1, output.numel()).view(output.shape)).sum()
            if value.requires_grad:
                value.backward(retain_graph=True)
            found = [each.grad for each in inputs if each.grad is not None]
            at = f'the input, from output {name}'.rstrip()
            case.expect(any(gradient.any() for gradient in found), 'no gradient', at=at)
            case.expect(all(gradient.isfinite().all() for gradient in found), 'NaN or infinity', at=at)
        trained = {name: parameter.grad for name, parameter in module.named_parameters() if parameter.requires_grad}
        unused = [name for name, grad in trained.items() if grad is None]
        infinite = [name for name, grad in trained.items() if grad is not None and not grad.isfinite().all()]
        for names, got in ((unused, 'no gradient in'), (infinite, 'NaN or infinity in the gradient of')):
            case.expect(not names, f'{got} {listed(names, 5)}', 'a finite one in each', at='parameters')
    with case.trying('state dict', 'results of a second module that loaded the state of the first'):
        first, second, stored = case.build(seed=0), case.build(seed=1), io.BytesIO()
        with torch.no_grad():
            first.train()(*copy.deepcopy(case.inputs))  # running statistics that differ from those of a new module
        torch.save(first.state_dict(), stored)
        second.load_state_dict(torch.load(io.BytesIO(stored.getvalue()), weights_only=True))
        case.same(case.evaluate(first), case.evaluate(second))


def check_module(case: Case) -> None:
    """Check what :data:`MODULE` lists, on the inputs of the case."""
    check_state(case)
    with case.trying('dtype', 'float64 weights and input', do='Make new tensors with the dtype of the input.'):
        doubled = case.evaluate(case.build().double(), *map_floats(case.inputs, torch.Tensor.double))
        for name, output in floats(doubled).items():
            case.expect(output.dtype == torch.float64, output.dtype, 'torch.float64', at=f'output {name}')
    with case.trying('dtype', 'bfloat16 autocast', do='Cast to one dtype where two meet.'):
        with torch.autocast('cpu', dtype=torch.bfloat16):
            outputs = case.evaluate(case.build())
        for name, output in floats(outputs).items():
            case.expect(output.isfinite().all(), 'NaN or infinity', 'finite values', at=f'output {name}')
    with case.trying('device', 'weights and input on another device'):
        # The meta device has shapes and no values; a tensor that is left on the CPU does not go with it.
        outputs, moved = {}, map_floats(case.inputs, lambda tensor: tensor.to('meta'))
        try:
            outputs = floats(case.evaluate(case.build().to('meta'), *moved))
        except (RuntimeError, TypeError) as error:
            # An operation such as .item() needs values: nothing can be told without another device.
            case.expect(isinstance(error, NotImplementedError) or 'meta tensors' in str(error), error, 'no error')
        for name, output in outputs.items():
            case.expect(output.device.type == 'meta', f'a tensor on {output.device}', at=f'output {name}')


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
