"""What every decoder is given, checked."""

from typing import List, Sequence, Union

import torch

from cslrkit.errors import DataError


def check_inputs(decoder: str, log_probs: torch.Tensor, feat_lens: Union[torch.Tensor, Sequence[int]]) -> List[int]:
    """Check the arguments of a decoder and return the lengths as a list.

    Args:
        decoder: Name for the messages.
        log_probs: Log-probabilities, or logits.
        feat_lens: Feature steps of each clip.

    Shape:
        log_probs: (N, T', V).

    Raises:
        DataError: If shapes or lengths do not fit, or a clip's own steps hold NaN.
    """
    if log_probs.dim() != 3 or not log_probs.is_floating_point():
        raise DataError(
            f'{decoder}: got log_probs of shape {tuple(log_probs.shape)} and type {log_probs.dtype}, '
            "expected a floating-point tensor (N, T', V)."
        )
    lengths = [int(length) for length in feat_lens]
    num_clips, num_steps, _ = log_probs.shape
    if len(lengths) != num_clips or any(not 0 <= length <= num_steps for length in lengths):
        raise DataError(
            f"{decoder}: got feat_lens {lengths}, expected {num_clips} numbers from 0 to T' = {num_steps}, "
            'the feature steps of each clip.'
        )
    # The greatest of numbers with a NaN among them is NaN.
    bad = log_probs.detach().amax(dim=2).isnan().cpu() if log_probs.numel() else torch.zeros(log_probs.shape[:2])
    for index, length in enumerate(lengths):
        if bad[index, :length].any():
            step = int(bad[index, :length].nonzero()[0])
            raise DataError(
                f'{decoder}: clip {index} of the batch has NaN at step {step}, expected log-probabilities. '
                'The weights or the input are not finite; check the checkpoint and the training log.'
            )
    return lengths
