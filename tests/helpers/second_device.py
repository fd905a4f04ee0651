"""A second device that any build of PyTorch has: for tests of code that moves tensors.

Its tensors hold their numbers in tensors of the CPU, and are of another device all the same: an operation on tensors of
both devices raises as on a GPU, and each time that the CPU would wait for the device is written down. PyTorch
keeps the device until the process ends, so only a process of its own should set it up.
"""

import traceback
from collections import Counter
from pathlib import Path
from typing import Any, List, Optional, Tuple

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import backend_registration as registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

import cslrkit

PACKAGE = Path(cslrkit.__file__).resolve().parent
aten = torch.ops.aten
# Operations whose result decides the size of a tensor or a branch, so that the CPU waits for it.
WAITING = {
    aten._local_scalar_dense.default,
    aten.nonzero.default,
    aten.masked_select.default,
    aten.equal.default,
    aten._unique2.default,
    aten.unique_consecutive.default,
    aten.repeat_interleave.Tensor,
    aten.bincount.default,
}
# Arguments that may be on the CPU beside tensors of a device: indices, lengths and what was made of them.
MAY_BE_ON_CPU = {
    aten.index.Tensor: (1,),
    aten.index_put.default: (1,),
    aten.index_put_.default: (1,),
    aten._pack_padded_sequence.default: (1,),
    aten._pack_padded_sequence_backward.default: (2,),
    aten._ctc_loss.Tensor: (2, 3),
    aten._ctc_loss_backward.Tensor: (3, 4),
    aten._use_cudnn_ctc_loss.Tensor: (2, 3),
    aten._use_miopen_ctc_loss.Tensor: (2, 3),
}


def _lstm_cell(
    inputs: torch.Tensor,
    states: torch.Tensor,
    cells: torch.Tensor,
    input_bias: Optional[torch.Tensor] = None,
    state_bias: Optional[torch.Tensor] = None,
) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    gates = inputs + states
    if input_bias is not None:
        gates = gates + input_bias + state_bias
    enter, forget, cell, leave = gates.chunk(4, 1)
    enter, forget, cell, leave = enter.sigmoid(), forget.sigmoid(), cell.tanh(), leave.sigmoid()
    cells = forget * cells + enter * cell
    return leave * cells.tanh(), cells, torch.cat([enter, forget, cell, leave], 1)


def _lstm_cell_backward(
    grad_state: Optional[torch.Tensor],
    grad_cells: Optional[torch.Tensor],
    before: torch.Tensor,
    after: torch.Tensor,
    gates: torch.Tensor,
    has_bias: bool,
) -> Tuple[torch.Tensor, torch.Tensor, Optional[torch.Tensor]]:
    enter, forget, cell, leave = gates.chunk(4, 1)
    grad_state = torch.zeros_like(after) if grad_state is None else grad_state
    grad = grad_state * leave * (1 - after.tanh() ** 2) + (0 if grad_cells is None else grad_cells)
    parts = [
        grad * cell * enter * (1 - enter),
        grad * before * forget * (1 - forget),
        grad * enter * (1 - cell**2),
        grad_state * after.tanh() * leave * (1 - leave),
    ]
    grad_gates = torch.cat(parts, 1)
    return grad_gates, grad * forget, grad_gates.sum(0) if has_bias else None


# What the CPU has no kernel for, and PyTorch wants of every other device.
KERNELS = {
    aten._thnn_fused_lstm_cell.default: _lstm_cell,
    aten._thnn_fused_lstm_cell_backward_impl.default: _lstm_cell_backward,
    aten._use_cudnn_ctc_loss.Tensor: lambda *args: False,
    aten._use_miopen_ctc_loss.Tensor: lambda *args: False,
}


class DeviceTensor(torch.Tensor):
    """A tensor on the second device, over one of the CPU."""

    numbers: torch.Tensor

    @staticmethod
    def __new__(cls, numbers: torch.Tensor, device: torch.device) -> 'DeviceTensor':
        made = torch.Tensor._make_wrapper_subclass(
            cls, numbers.size(), strides=numbers.stride(), dtype=numbers.dtype, device=device
        )
        made.numbers = numbers
        return made

    def tolist(self) -> Any:
        """Wait, and return the numbers."""
        return self.cpu().tolist()

    def numpy(self, **kwargs) -> Any:
        """Raise, as PyTorch does for a tensor of a GPU."""
        raise TypeError("can't convert a tensor of another device to numpy; use Tensor.cpu() first")

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None) -> Any:
        raise AssertionError(f'{func} of a tensor of the second device outside of SecondDevice')


class _FromNumbers(TorchFunctionMode):
    """``torch.tensor(..., device=...)`` and lists as indices: PyTorch builds these without asking for the operation."""

    def __torch_function__(self, func, types, args=(), kwargs=None) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.Tensor.__getitem__ and isinstance(args[1], list):
            args = (args[0], torch.tensor(args[1]))
        if func not in (torch.tensor, torch.as_tensor):
            return func(*args, **kwargs)
        device = kwargs.pop('device', None)
        made = func(*args, **kwargs)
        return made if device is None else made.to(device)


class _Backend(registration._DummyBackendModule):
    def get_amp_supported_dtype(self) -> List[torch.dtype]:
        return [torch.float16, torch.bfloat16]


class SecondDevice(TorchDispatchMode):
    """Within it there is a second device, :attr:`device`.

    ``waits`` counts by ``file:function`` how often the CPU would have waited for the device.
    """

    def __init__(self) -> None:
        super().__init__()
        registration._setup_privateuseone_for_python_backend('second', backend_module=_Backend())
        self.device = torch.device('second', 0)
        self._autocast = torch.library.Library('_', 'IMPL')  # changes no type here; PyTorch has nothing for this device
        self._autocast.fallback(torch.library.fallthrough_kernel, 'AutocastPrivateUse1')
        self.waits: Counter = Counter()
        self._from_numbers = _FromNumbers()

    def __enter__(self) -> 'SecondDevice':
        self._from_numbers.__enter__()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._from_numbers.__exit__(*error)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None) -> Any:
        kwargs = dict(kwargs or {})
        ours = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, DeviceTensor)]
        goal = kwargs.get('device')
        to_device = goal is not None and torch.device(goal).type == self.device.type
        if not ours and not to_device:
            return func(*args, **kwargs)
        copy = func in (aten._to_copy.default, aten.copy_.default)
        to_cpu = (func is aten.copy_.default and not isinstance(args[0], DeviceTensor)) or (
            func is aten._to_copy.default and goal is not None and not to_device
        )
        crosses = copy and (to_cpu or len(ours) < len([leaf for leaf in tree_leaves(args) if _is_tensor(leaf)]))
        if func in WAITING or _picks_by_mask(func, args) or (crosses and not _in_background(func, args, kwargs)):
            self._wait()
        if not copy:
            _check_devices(func, args, kwargs)
        if to_device:
            kwargs['device'] = 'cpu'
        args_on_cpu, kwargs = tree_map_only(DeviceTensor, lambda tensor: tensor.numbers, (args, kwargs))
        result = KERNELS.get(func, func)(*args_on_cpu, **kwargs)
        if to_cpu:
            return result
        return self._wrapped(func, result, args)

    def _wrapped(self, func, result: Any, args: Any) -> Any:
        """The result on the device; what was written in place is the tensor that was given."""
        given = {id(tensor.numbers): tensor for tensor in tree_leaves(args) if isinstance(tensor, DeviceTensor)}
        if func is aten._pack_padded_sequence.default:
            return self.put(result[0]), result[1]
        return tree_map_only(
            torch.Tensor, lambda tensor: given[id(tensor)] if id(tensor) in given else self.put(tensor), result
        )

    def put(self, numbers: torch.Tensor) -> DeviceTensor:
        """The tensor of these numbers on the device."""
        return DeviceTensor(numbers, self.device)

    def _wait(self) -> None:
        stack = [(Path(frame.filename).resolve(), frame.name) for frame in traceback.extract_stack()]
        places = [(path, name) for path, name in stack if PACKAGE in path.parents]
        where = f'{places[-1][0].relative_to(PACKAGE)}:{places[-1][1]}' if places else 'elsewhere'
        self.waits[where] += 1


def _is_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor)


def _in_background(func, args: Any, kwargs: Any) -> bool:
    return bool(kwargs.get('non_blocking') or (func is aten.copy_.default and len(args) > 2 and args[2]))


def _picks_by_mask(func, args: Any) -> bool:
    return func in (aten.index.Tensor, aten.index_put_.default, aten.index_put.default) and any(
        _is_tensor(index) and index.dtype in (torch.bool, torch.uint8) for index in args[1]
    )


def _check_devices(func, args: Any, kwargs: Any) -> None:
    """As PyTorch: tensors of one device, but for numbers and for lengths."""
    checked = [arg for place, arg in enumerate(args) if place not in MAY_BE_ON_CPU.get(func, ())]
    tensors: List[torch.Tensor] = [leaf for leaf in tree_leaves((checked, kwargs)) if _is_tensor(leaf)]
    strangers = [tensor for tensor in tensors if not isinstance(tensor, DeviceTensor) and tensor.dim()]
    if strangers and len(strangers) < len(tensors):
        raise RuntimeError(
            f'{func}: expected all tensors on one device, but one of shape {tuple(strangers[0].shape)} is on the CPU'
        )
