"""Where in a clip each gloss of a hypothesis is: CTC forced alignment, and merging of repeats."""

from typing import List, Sequence, Tuple

import numpy as np

Span = Tuple[int, int]

# Log-probabilities below this count as this: an impossible step must not hide which alignment is
# the least impossible. It is the floor of the beam search too, log of the smallest normal float32.
LOG_FLOOR = float(np.log(np.finfo(np.float32).tiny))


def forced_align(log_probs: np.ndarray, tokens: Sequence[int], *, blank_id: int = 0) -> Tuple[Span, ...]:
    """Return the steps that each token occupies in the most probable alignment.

    Viterbi search over the states blank, token 1, blank, ..., token L, blank (Graves et al.,
    ICML 2006). Among equally probable alignments, the one whose last tokens begin earliest is taken.

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
    tokens = np.asarray(tokens, dtype=np.int64)
    needed = len(tokens) + int((tokens[1:] == tokens[:-1]).sum())
    if len(log_probs) < needed:
        raise ValueError(
            f'forced_align: got {len(log_probs)} steps, expected at least {needed} for {len(tokens)} tokens.'
        )
    if not len(tokens):
        return ()
    states = np.full(2 * len(tokens) + 1, blank_id)
    states[1::2] = tokens
    emissions = np.maximum(np.asarray(log_probs, dtype=np.float64)[:, states], LOG_FLOOR)
    path = _best_path(emissions, _may_skip(tokens))
    occupied = [np.flatnonzero(path == state) for state in range(1, len(states), 2)]
    return tuple((int(steps[0]), int(steps[-1])) for steps in occupied)


def span_confidences(log_probs: np.ndarray, tokens: Sequence[int], step_spans: Sequence[Span]) -> Tuple[float, ...]:
    """Return for each token the probability that it is emitted in its span at all.

    One minus the product of the probabilities that a step is anything else: steps are independent
    given the outputs of the network, as CTC has it.

    Args:
        log_probs: Log-probabilities of the clip's own steps.
        tokens: Symbol ids.
        step_spans: First and last step, both included, of each token.

    Shape:
        log_probs: (T', V).

    Examples:
        >>> span_confidences(np.log([[0.5, 0.5], [0.5, 0.5], [0.9, 0.1]]), [1], [(0, 1)])
        (0.75,)
    """
    misses = (
        np.prod(1 - np.exp(np.asarray(log_probs[first : last + 1, token], dtype=np.float64)))
        for token, (first, last) in zip(tokens, step_spans)
    )
    return tuple(min(max(1 - float(miss), 0.0), 1.0) for miss in misses)


def merge_repeats(
    tokens: Sequence[int], timesteps: Sequence[int], step_spans: Sequence[Span], log_probs: np.ndarray
) -> Tuple[Tuple[int, ...], Tuple[int, ...], Tuple[Span, ...]]:
    """Merge repeated neighbours, as published code does with every hypothesis.

    A merged token spans from its first to its last occurrence and peaks at the most probable of
    their time-steps, the earliest if several are.

    Args:
        tokens: Symbol ids without blanks.
        timesteps: Step of each token's peak.
        step_spans: First and last step of each token.
        log_probs: Log-probabilities of the clip.

    Shape:
        log_probs: (T', V).
    """
    merged: List[Tuple[int, int, Span]] = []
    for token, step, span in zip(tokens, timesteps, step_spans):
        if merged and merged[-1][0] == token:
            _, earlier, (start, _) = merged.pop()
            step = step if log_probs[step, token] > log_probs[earlier, token] else earlier
            span = (start, span[1])
        merged.append((int(token), int(step), span))
    return tuple(m[0] for m in merged), tuple(m[1] for m in merged), tuple(m[2] for m in merged)


def _may_skip(tokens: np.ndarray) -> np.ndarray:
    """Which states can be entered from two states before: tokens that differ from the last one."""
    skip = np.zeros(2 * len(tokens) + 1, dtype=bool)
    skip[3::2] = tokens[1:] != tokens[:-1]
    return skip


def _best_path(emissions: np.ndarray, may_skip: np.ndarray) -> np.ndarray:
    """The state at each step of the best path; emissions are (T', S)."""
    num_steps, num_states = emissions.shape
    score = np.full(num_states, -np.inf)
    score[:2] = emissions[0, :2]
    moves = np.zeros((num_steps, num_states), dtype=np.int64)
    sources = np.full((3, num_states), -np.inf)  # stay, one state on, two states on
    for step in range(1, num_steps):
        sources[0] = score
        sources[1, 1:] = score[:-1]
        sources[2, 2:] = np.where(may_skip[2:], score[:-2], -np.inf)
        moves[step] = sources.argmax(axis=0)
        score = sources.max(axis=0) + emissions[step]
    path = np.empty(num_steps, dtype=np.int64)
    # The last token, unless the blank after it is better.
    path[-1] = num_states - 2 + int(score[-1] > score[-2])
    for step in range(num_steps - 1, 0, -1):
        path[step - 1] = path[step] - moves[step, path[step]]
    return path
