"""Training steps of a large network in little memory."""

from functools import partial
from pathlib import Path
from typing import Dict

import torch


class UpdatesInBackward:
    """Adam for a network whose gradients and averages would not fit into memory beside its activations.

    Each parameter is updated as soon as its gradient is there, which is dropped then; the averages lie in files. The
    numbers are those of one optimizer that steps after the backward pass.

    Args:
        model: Its parameters are updated.
        folder: Where the files go.
        options: Arguments of Adam.
    """

    def __init__(self, model: torch.nn.Module, folder: str, **options: float) -> None:
        self.wanted = True  # False for a step that no other follows
        self._options = options
        self._norms: Dict[str, float] = {}
        self._names = [name for name, _ in model.named_parameters()]
        for name, parameter in model.named_parameters():
            parameter.register_post_accumulate_grad_hook(partial(self._update, name, Path(folder, name)))

    def take_norms(self) -> Dict[str, float]:
        """Return the norm of each parameter's gradient in the last backward pass, 0 where there was none."""
        norms = {name: self._norms.get(name, 0.0) for name in self._names}
        self._norms.clear()
        return norms

    def _update(self, name: str, file: Path, parameter: torch.Tensor) -> None:
        self._norms[name] = torch.linalg.vector_norm(parameter.grad, dtype=torch.float64).item()
        if self.wanted:
            optimizer = torch.optim.Adam([parameter], **self._options)
            if file.exists():
                optimizer.load_state_dict(torch.load(file))
            optimizer.step()
            torch.save(optimizer.state_dict(), file)
        parameter.grad = None
