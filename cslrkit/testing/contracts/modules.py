"""The clauses that every part with weights shares."""

import copy
import io
from typing import Any, Callable, Dict, Optional, Sequence, Union

import torch
from torch import nn

from cslrkit.registry import Registry, check_arguments
from cslrkit.testing.contracts.findings import Findings
from cslrkit.testing.contracts.values import copy_of, difference, leaves, map_floats

MODULE_CLAUSES = ('config', 'determinism', 'evaluation', 'input', 'gradient', 'state dict', 'dtype', 'device')

Run = Callable[[nn.Module, Any], Any]


class Subject:
    """The class that is checked and how it is built.

    Args:
        registry: Where a name is looked up.
        cls: A class, or the name of a registered one.
        cfg: Arguments as a config gives them; ``type`` may be among them.
        provided: Arguments that the recognizer hands over.
    """

    def __init__(self, registry: Registry, cls: Union[type, str], cfg: Optional[dict], **provided: Any) -> None:
        self.cls = registry.lookup(cls) if isinstance(cls, str) else cls
        self.cfg = {key: value for key, value in (cfg or {}).items() if key != 'type'}
        self.provided = {key: value for key, value in provided.items() if key not in self.cfg}
        self.name = getattr(self.cls, '__name__', str(self.cls))
        self._built: Dict[int, Any] = {}

    def build(self, seed: int = 0, **changed: Any) -> Any:
        """Build it with random weights of ``seed``, or copy what was built so before."""
        if changed or seed not in self._built:
            torch.manual_seed(seed)
            built = self.cls(**copy.deepcopy({**self.provided, **self.cfg, **changed}))
            if changed:
                return built
            self._built[seed] = built
        return copy.deepcopy(self._built[seed])

    def first_build(self, findings: Findings) -> Any:
        """Build it, checking its arguments and that it leaves its config alone; None if that fails."""
        built = None
        with findings.trying('config', f'{self.name}(...)', do='Build from the arguments that cfg gives.'):
            check_arguments(self.cls, self.cfg, provided=tuple(self.provided))
            given = copy.deepcopy({**self.provided, **self.cfg})
            before = copy.deepcopy(given)
            torch.manual_seed(0)
            built = self.cls(**given)
            findings.expect(
                given == before,
                'config',
                'arguments',
                got=f'{given} after building',
                expected=f'{before} unchanged',
                do='Copy a dict or list before changing it: configs are shared.',
            )
        return built


def check_module(findings: Findings, subject: Subject, inputs: Any, run: Run, *, skip: Sequence[str] = ()) -> None:
    """Check the shared clauses.

    Args:
        findings: Where breaches go.
        subject: The class.
        inputs: A tree of tensors.
        run: Calls a module on such a tree and returns a tree of tensors.
        skip: Clauses that the part has none of.
    """
    clauses = {
        'determinism': _check_determinism,
        'input': _check_input,
        'gradient': _check_gradient,
        'state dict': _check_state_dict,
        'dtype': _check_dtype,
        'device': _check_device,
    }
    for clause, check in clauses.items():
        if clause not in skip:
            with findings.trying(clause, f'{subject.name}.forward'):
                check(findings, subject, inputs, run)


def run_in_evaluation(module: nn.Module, inputs: Any, run: Run) -> Any:
    """Run a module in evaluation mode without gradients, on a copy of the inputs."""
    module.eval()
    with torch.no_grad():
        return run(module, copy_of(inputs))


def _check_determinism(findings: Findings, subject: Subject, inputs: Any, run: Run) -> None:
    module = subject.build()
    module.eval()
    before = copy_of(dict(module.state_dict()))
    first, second = run_in_evaluation(module, inputs, run), run_in_evaluation(module, inputs, run)
    change = difference(first, second, tolerance=1e-6)
    findings.expect(
        not change,
        'determinism',
        'two calls in evaluation mode',
        got=change,
        expected='equal results',
        do='Drop features and draw numbers only where self.training is true.',
    )
    change = difference(before, dict(module.state_dict()), tolerance=0.0)
    findings.expect(
        not change,
        'evaluation',
        'state_dict() after a call in evaluation mode',
        got=change,
        expected='the same state',
        do='Update running statistics only in training.',
    )


def _check_input(findings: Findings, subject: Subject, inputs: Any, run: Run) -> None:
    for mode in ('training', 'evaluation'):
        module = subject.build()
        module.train(mode == 'training')
        given = copy_of(inputs)
        with torch.no_grad():
            run(module, given)
        change = difference(inputs, given, tolerance=0.0)
        findings.expect(
            not change,
            'input',
            f'the input after a call in {mode} mode',
            got=change,
            expected='the input unchanged',
            do='Leave out in-place operations on it (add_, relu_, nn.ReLU(inplace=True), x[...] = ...): '
            'other parts read the same tensors.',
        )


def _check_gradient(findings: Findings, subject: Subject, inputs: Any, run: Run) -> None:
    module = subject.build()
    module.train()
    given = map_floats(inputs, lambda tensor: tensor.clone().requires_grad_())
    # The module gets a copy, so that an in-place operation is told of by its own clause alone.
    outputs = leaves(run(module, map_floats(given, lambda tensor: tensor.clone())))
    sources = [tensor for tensor in leaves(given).values() if tensor.is_floating_point()]
    total = None
    for name, output in outputs.items():
        if not output.is_floating_point():
            continue
        value = (output.float() * torch.linspace(-1, 1, output.numel()).view(output.shape)).sum()
        reached = []
        if value.requires_grad:
            gradients = torch.autograd.grad(value, sources, retain_graph=True, allow_unused=True)
            reached = [gradient for gradient in gradients if gradient is not None and bool(gradient.ne(0).any())]
            total = value if total is None else total + value
        findings.expect(
            bool(reached),
            'gradient',
            f'the input, from output {name}',
            got='no gradient',
            expected='one that is not zero',
            do='Leave out detach(), torch.no_grad() and rounding on the way.',
        )
    if total is not None:
        total.backward()
    check_parameter_gradients(findings, module)


def check_parameter_gradients(findings: Findings, module: nn.Module) -> None:
    """Note parameters that backward left without a gradient, or with one that is not finite."""
    trained = {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}
    unused = [name for name, parameter in trained.items() if parameter.grad is None]
    findings.expect(
        not unused,
        'gradient',
        'parameters after backward',
        got=f'no gradient in {", ".join(unused[:5])}' + (f' and {len(unused) - 5} more' if len(unused) > 5 else ''),
        expected='one in every parameter',
        do='Remove parameters that no output depends on, or set requires_grad=False: distributed training '
        'waits for every one.',
    )
    infinite = [name for name, parameter in trained.items() if parameter.grad is not None]
    infinite = [name for name in infinite if not bool(trained[name].grad.isfinite().all())]
    findings.expect(
        not infinite,
        'gradient',
        'parameters after backward',
        got=f'NaN or infinity in the gradient of {", ".join(infinite[:5])}',
        expected='finite gradients',
        do='Look for a division by zero, sqrt(0) or log(0).',
    )


def _check_state_dict(findings: Findings, subject: Subject, inputs: Any, run: Run) -> None:
    first, second = subject.build(seed=0), subject.build(seed=1)
    first.train()
    with torch.no_grad():
        run(first, copy_of(inputs))  # running statistics that differ from those of a new module
    stored = io.BytesIO()
    torch.save(first.state_dict(), stored)
    stored.seek(0)
    second.load_state_dict(torch.load(stored, weights_only=True))
    change = difference(run_in_evaluation(first, inputs, run), run_in_evaluation(second, inputs, run))
    findings.expect(
        not change,
        'state dict',
        'results of a second module that loaded the state of the first',
        got=change,
        expected='equal results',
        do='Register all that results depend on: nn.Parameter, register_buffer, nn.ModuleList in the place of a list.',
    )


def _check_dtype(findings: Findings, subject: Subject, inputs: Any, run: Run) -> None:
    with findings.trying('dtype', 'float64 weights and input', do='Make new tensors with the dtype of the input.'):
        doubled = map_floats(inputs, torch.Tensor.double)
        for name, output in leaves(run_in_evaluation(subject.build().double(), doubled, run)).items():
            findings.expect(
                not output.is_floating_point() or output.dtype == torch.float64,
                'dtype',
                f'output {name} for float64 weights and input',
                got=output.dtype,
                expected='torch.float64',
                do='Make new tensors with the dtype of the input, and cast to no fixed one.',
            )
    with findings.trying('dtype', 'bfloat16 autocast', do='Cast to one dtype where two meet.'):
        with torch.autocast('cpu', dtype=torch.bfloat16):
            outputs = leaves(run_in_evaluation(subject.build(), inputs, run))
        for name, output in outputs.items():
            findings.expect(
                bool(output.float().isfinite().all()),
                'dtype',
                f'output {name} under bfloat16 autocast',
                got='NaN or infinity',
                expected='finite values',
                do='Compute sums, exponentials and logarithms in float32.',
            )


def _check_device(findings: Findings, subject: Subject, inputs: Any, run: Run) -> None:
    # The meta device has shapes and no values; a tensor that is left on the CPU does not go with it.
    moved = map_floats(inputs, lambda tensor: tensor.to('meta'))
    do = 'Make new tensors with device=x.device, and register constants by register_buffer.'
    try:
        outputs = leaves(run_in_evaluation(subject.build().to('meta'), moved, run))
    except NotImplementedError:
        return  # an operation that needs values: nothing can be told without another device
    except (RuntimeError, TypeError) as error:
        if 'meta tensors' not in str(error):  # .item() and its like need values, too
            findings.expect(
                False, 'device', 'weights and input on another device', got=error, expected='no error', do=do
            )
        return
    for name, output in outputs.items():
        findings.expect(
            not output.is_floating_point() or output.device.type == 'meta',
            'device',
            f'output {name} for weights and input on another device',
            got=f'a tensor on {output.device}',
            expected="the input's device",
            do=do,
        )
