"""Which symbols a beam search considers at each step."""

from typing import List, Tuple

import numpy as np

from cslrkit.decoders.equal_order import sort_order

CUTOFF_RULES = ('exact', 'ctcdecode')
FLOAT_MIN = float(np.finfo(np.float32).tiny)  # added before the logarithm, so that it is finite

Candidates = Tuple[np.ndarray, np.ndarray]


def prune_symbols(probs: np.ndarray, *, top_n: int, cutoff_prob: float, cutoff_rule: str) -> List[Candidates]:
    """Return the symbols to consider at each step, with their log-probabilities.

    Source: ``get_pruned_log_probs`` of parlance/ctcdecode c90ad94. Its cumulated probability
    starts at 1, so ``cutoff_prob`` is compared with ``log(1 + sum p)``; that is the rule
    ``'ctcdecode'``. ``'exact'`` compares with ``sum p``.

    Args:
        probs: Probabilities.
        top_n: Symbols kept at most.
        cutoff_prob: Symbols are kept by falling probability until this much is reached; 1 keeps
            ``top_n`` of them.
        cutoff_rule: ``'exact'`` or ``'ctcdecode'``.

    Shape:
        probs: (T', V), float32.

    Returns:
        For each step the ids (K,), and their log-probabilities (K,) in float32.
    """
    num_symbols = probs.shape[1]
    probs = probs.astype(np.float64)
    if cutoff_prob >= 1.0 and top_n >= num_symbols:
        kept = [np.arange(num_symbols)] * len(probs)
    else:
        kept = _most_probable(probs, min(top_n, num_symbols))
        if cutoff_prob < 1.0:
            kept = [ids[: _reach(row[ids], cutoff_prob, cutoff_rule)] for ids, row in zip(kept, probs)]
    return [(ids, np.log(row[ids] + FLOAT_MIN).astype(np.float32)) for ids, row in zip(kept, probs)]


def _most_probable(probs: np.ndarray, count: int) -> List[np.ndarray]:
    """The ``count`` most probable symbols of each step, best first."""
    # One symbol more than is kept, to see whether the cut goes through equal probabilities.
    looked_at = min(count + 1, probs.shape[1])
    ids = np.argpartition(-probs, looked_at - 1, axis=1)[:, :looked_at]
    values = np.take_along_axis(probs, ids, axis=1)
    order = np.argsort(-values, axis=1, kind='stable')
    ids, values = np.take_along_axis(ids, order, axis=1), np.take_along_axis(values, order, axis=1)
    has_ties = (values[:, 1:] == values[:, :-1]).any(axis=1)
    return [
        np.array(sort_order((-row).tolist())[:count]) if tied else row_ids[:count]
        for row, row_ids, tied in zip(probs, ids, has_ties)
    ]


def _reach(falling: np.ndarray, cutoff_prob: float, cutoff_rule: str) -> int:
    """How many of the ``falling`` probabilities it takes to reach ``cutoff_prob``."""
    reached = np.cumsum(falling)
    if cutoff_rule == 'ctcdecode':
        reached = np.log1p(reached)
    return min(int(np.searchsorted(reached, cutoff_prob, side='left')) + 1, len(falling))
