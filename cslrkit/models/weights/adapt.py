"""Making a tensor of another network fit, as the published loader does."""

from typing import Optional, Tuple

import torch


def adapt(source: torch.Tensor, target: torch.Tensor) -> Tuple[Optional[torch.Tensor], str]:
    """Fit ``source`` to the shape of ``target``.

    The rules, in order: dimensions that the source lacks are added at its end with size 1; of a
    temporal kernel the first slice stays where the target has none; a batch-norm vector is repeated
    to a multiple of its length; input channels that the target lacks are cut, and those that it has
    in excess keep the target's values.

    Source: kaistmm/SlowFastSign 37d1b6c, ``slowfast_modules/checkpoint.py``. A tensor that still does
    not fit is left alone there, too, or is an error there.

    Args:
        source: What a file holds.
        target: The parameter or buffer, whose values count where the source has none.

    Returns:
        The tensor and what was done to it (empty if nothing), or None and why it does not fit.
    """
    steps = []
    fitted = source
    if source.dim() < target.dim():
        fitted = fitted.reshape(source.shape + (1,) * (target.dim() - source.dim()))
    if fitted.dim() == 5 and target.dim() == 5 and fitted.shape[2] > 1 and target.shape[2] == 1:
        steps.append(f'first of {fitted.shape[2]} slices in time')
        fitted = fitted[:, :, :1]
    if fitted.dim() == target.dim() == 1 and 0 < len(fitted) < len(target) and len(target) % len(fitted) == 0:
        steps.append(f'repeated {len(target) // len(fitted)} times')
        fitted = fitted.repeat(len(target) // len(fitted))
    if _fit_but_for_inputs(fitted, target):
        got, wanted = fitted.shape[1], target.shape[1]
        if got > wanted:
            steps.append(f'{wanted} of {got} input channels')
            fitted = fitted[:, :wanted]
        elif got < wanted:
            steps.append(f'{got} of the {wanted} input channels, the others keep their values')
            fitted = torch.cat([fitted.to(target), target[:, got:]], 1)
    if fitted.shape != target.shape:
        return None, f'{tuple(source.shape)} in the file, {tuple(target.shape)} in the model'
    return fitted, '; '.join(steps)


def _fit_but_for_inputs(source: torch.Tensor, target: torch.Tensor) -> bool:
    if source.dim() != target.dim() or source.dim() < 2:
        return False
    return source.shape[:1] == target.shape[:1] and source.shape[2:] == target.shape[2:]
