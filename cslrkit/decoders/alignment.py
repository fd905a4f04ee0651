"""Where in a clip each gloss of a sequence is: CTC forced alignment."""

from typing import List, Sequence, Tuple

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from cslrkit.structures.temporal_spec import steps_needed

Span = Tuple[int, int]

# Log-probabilities below this count as this: an impossible step must not hide which alignment is
# the least impossible. It is the floor of the beam search too, log of the smallest normal float32.
LOG_FLOOR = float(np.log(np.finfo(np.float32).tiny))


def forced_align(log_probs: np.ndarray, tokens: Sequence[int], *, blank_id: int = 0) -> Tuple[Span, ...]:
    """Return the steps that each token occupies in the most probable alignment of one clip.

    Args:
        log_probs: Log-probabilities of the clip's own steps.
        tokens: Symbol ids without blanks.
        blank_id: The CTC blank.

    Shape:
        log_probs: (T', V).

    Returns:
        First and last step, both included, of each token.

    Raises:
        ValueError: If there are fewer steps than the tokens need.

    Examples:
        >>> forced_align(np.log([[0.8, 0.2], [0.1, 0.9], [0.2, 0.8]]), [1])
        ((1, 2),)
    """
    clips = torch.as_tensor(np.asarray(log_probs))[None]
    return forced_align_batch(clips, [tokens], lengths=[len(log_probs)], blank_id=blank_id)[0]


@torch.no_grad()
def forced_align_batch(
    log_probs: torch.Tensor,
    tokens: Sequence[Sequence[int]],
    *,
    lengths: Sequence[int],
    blank_id: int = 0,
) -> List[Tuple[Span, ...]]:
    """Return the steps that each token of each clip occupies in the clip's most probable alignment.

    Viterbi search over the states blank, token 1, blank, ..., token L, blank (Graves et al.,
    ICML 2006), for all clips together, on the device of ``log_probs``. Among equally probable
    alignments, the one whose last tokens begin earliest is taken.

    Args:
        log_probs: Log-probabilities.
        tokens: Symbol ids of each clip, without blanks.
        lengths: Steps of each clip; what is behind them does not matter.
        blank_id: The CTC blank.

    Shape:
        log_probs: (N, T', V).

    Returns:
        For each clip the first and last step, both included, of each token.

    Raises:
        ValueError: If a clip has fewer steps than its tokens need.
    """
    for clip, length in zip(tokens, lengths):
        needed = steps_needed(clip)
        if length < needed:
            raise ValueError(f'forced_align: got {length} steps, expected at least {needed} for {len(clip)} tokens.')
    if not any(len(clip) for clip in tokens):
        return [() for _ in tokens]
    device = log_probs.device
    padded = pad_sequence([torch.tensor(clip, dtype=torch.int64) for clip in tokens], batch_first=True).to(device)
    states = torch.full((len(tokens), 2 * padded.shape[1] + 1), blank_id, device=device)
    states[:, 1::2] = padded
    num_steps = torch.tensor([int(length) for length in lengths], device=device)
    num_tokens = torch.tensor([len(clip) for clip in tokens], device=device)
    emissions = log_probs[:, : int(max(lengths))].gather(2, states[:, None].expand(-1, int(max(lengths)), -1))
    # A token that differs from the last one is entered from there, without the blank between.
    may_skip = torch.zeros(states.shape, dtype=torch.bool, device=device)
    may_skip[:, 3::2] = padded[:, 1:] != padded[:, :-1]
    path = _best_paths(emissions.double().clamp_min(LOG_FLOOR), may_skip, num_steps, num_tokens)
    # States never fall along a path, so each one's steps are next to each other.
    wanted = torch.arange(1, states.shape[1], 2, device=device).repeat(len(tokens), 1)
    first = torch.searchsorted(path, wanted)
    last = torch.minimum(torch.searchsorted(path, wanted, right=True), num_steps[:, None]) - 1
    spans = torch.stack([first, last], dim=2).tolist()
    return [tuple(map(tuple, clip_spans[: len(clip)])) for clip_spans, clip in zip(spans, tokens)]


def _best_paths(
    emissions: torch.Tensor,
    may_skip: torch.Tensor,
    num_steps: torch.Tensor,
    num_tokens: torch.Tensor,
) -> torch.Tensor:
    """The state at each step of the best paths (N, T'); emissions are (N, T', S). A path stays where it ended."""
    emissions = emissions.transpose(0, 1).contiguous()
    score = torch.full_like(emissions[0], -torch.inf)
    score[:, :2] = emissions[0, :, :2]
    one, two = torch.full_like(score, -torch.inf), torch.full_like(score, -torch.inf)
    moves = torch.zeros(emissions.shape, dtype=torch.int64, device=score.device)
    for step in range(1, len(emissions)):
        one[:, 1:] = score[:, :-1]
        two[:, 2:] = score[:, :-2].masked_fill(~may_skip[:, 2:], -torch.inf)
        nearest = torch.maximum(score, one)
        move = (one > score).long().masked_fill_(two > nearest, 2)
        is_over = (num_steps <= step)[:, None]
        moves[step] = move.masked_fill_(is_over, 0)
        score = torch.where(is_over, score, torch.maximum(nearest, two).add_(emissions[step]))
    # The last token, unless the blank after it is better.
    last_token = (2 * num_tokens - 1).clamp_min(0)[:, None]
    ends_blank = score.gather(1, 2 * num_tokens[:, None]) > score.gather(1, last_token)
    path = [last_token + ends_blank]
    for step in range(len(emissions) - 1, 0, -1):
        path.append(path[-1] - moves[step].gather(1, path[-1]))
    return torch.cat(path[::-1], dim=1)
