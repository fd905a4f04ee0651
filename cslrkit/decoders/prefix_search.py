"""CTC prefix beam search over the steps of one clip, a pure function."""

from dataclasses import dataclass
from typing import Dict, List, Tuple

import numpy as np

from cslrkit.decoders.equal_order import nth_element_order, sort_order
from cslrkit.decoders.prefix_trie import ROOT, PrefixTrie
from cslrkit.decoders.pruning import Candidates, prune_symbols

IMPOSSIBLE = np.float32(np.finfo(np.float32).min)  # stands for log 0; sums with it stay finite


@dataclass(frozen=True)
class Beam:
    """One prefix that a search ends with.

    Args:
        tokens: Symbol ids without blanks; repeats that a blank separates stay.
        timesteps: Step of each token's peak.
        log_prob: Log-probability of the prefix, summed over the alignments that were followed.
    """

    tokens: Tuple[int, ...]
    timesteps: Tuple[int, ...]
    log_prob: float

    @property
    def is_possible(self) -> bool:
        """Whether any alignment leads to this prefix; a wide beam also carries ones of log 0."""
        return self.log_prob > float(IMPOSSIBLE)


@dataclass
class _Front:
    """The beam between two steps: prefixes and their float32 log-probabilities, each (B,)."""

    nodes: List[int]
    tokens: np.ndarray
    blank: np.ndarray  # of alignments that end in a blank
    nonblank: np.ndarray  # of alignments that end in the last token
    score: np.ndarray


@dataclass
class _Moves:
    """All that can follow a beam: row ``b`` of ``scores`` extends prefix ``b`` by each candidate."""

    symbols: np.ndarray  # (K,)
    stay: np.ndarray  # (B,) scores of the prefixes as they are
    scores: np.ndarray  # (B, K) scores of the extensions
    is_new: np.ndarray  # (B, K) False for blanks and for prefixes that are in the beam already
    revived: Dict[Tuple[int, int], int]  # (b, k) -> node that had left the beam

    @property
    def count(self) -> int:
        """Number of different prefixes."""
        return len(self.stay) + int(self.is_new.sum())


def prefix_beam_search(
    probs: np.ndarray,
    *,
    beam_width: int = 10,
    cutoff_top_n: int = 40,
    cutoff_prob: float = 1.0,
    cutoff_rule: str = 'exact',
    blank_id: int = 0,
) -> List[Beam]:
    """Search the most probable symbol sequences of one clip.

    Source: ``DecoderState`` of parlance/ctcdecode c90ad94 without a language model; the same
    beams, time-steps and scores, with float32 sums and its order of equal prefixes.

    Args:
        probs: Probabilities of the symbols at each step, the clip's own steps only.
        beam_width: Prefixes kept after each step.
        cutoff_top_n: Most probable symbols considered at each step.
        cutoff_prob: Symbols are considered until they hold this much probability; 1 for all.
        cutoff_rule: ``'exact'``, or ``'ctcdecode'`` for the sum that ctcdecode compares.
        blank_id: The CTC blank.

    Shape:
        probs: (T', V), float32.

    Returns:
        At most ``beam_width`` beams, best first.
    """
    num_symbols = probs.shape[1]
    trie = PrefixTrie()
    zero, nothing = np.zeros(1, np.float32), np.full(1, IMPOSSIBLE, np.float32)
    front = _Front([ROOT], np.array([-1]), zero, nothing, zero)
    slots = np.full(num_symbols + 1, -1)  # symbol -> candidate; the last entry is the root's -1
    frames = prune_symbols(probs, top_n=cutoff_top_n, cutoff_prob=cutoff_prob, cutoff_rule=cutoff_rule)
    for step, candidates in enumerate(frames):
        slots[candidates[0]] = np.arange(len(candidates[0]))
        stay_blank, stay_nonblank, moves = _expand(trie, front, candidates, slots, step, blank_id)
        chosen = _choose(trie, front, moves, beam_width, is_last=step == len(frames) - 1)
        front = _follow(trie, front, candidates, (stay_blank, stay_nonblank, moves), chosen, step)
        slots[candidates[0]] = -1
    order = sort_order(_keys(front.score, front.tokens))
    # ctcdecode sorts twice, and a second unstable sort can exchange equal prefixes again.
    again = sort_order(_keys(front.score[order], front.tokens[order]))
    return [Beam(*trie.path(front.nodes[order[i]]), log_prob=float(front.score[order[i]])) for i in again]


def _expand(
    trie: PrefixTrie, front: _Front, candidates: Candidates, slots: np.ndarray, step: int, blank_id: int
) -> Tuple[np.ndarray, np.ndarray, _Moves]:
    """Score every prefix that can follow the beam, and note what the tree sees again."""
    symbols, log_probs = candidates
    blank_slot = slots[blank_id]
    stay_blank = np.full(len(front.nodes), IMPOSSIBLE, np.float32)
    extended = front.score[:, None] + log_probs[None, :]
    is_new = np.ones(extended.shape, dtype=bool)
    if blank_slot >= 0:
        stay_blank = front.score + log_probs[blank_slot]
        is_new[:, blank_slot] = False

    # The last token again: without a blank between, the prefix stays; after a blank, it grows.
    repeat_slot = slots[front.tokens]
    repeats = np.flatnonzero(repeat_slot >= 0)
    again = log_probs[repeat_slot[repeats]]
    stay_nonblank = np.full(len(front.nodes), IMPOSSIBLE, np.float32)
    stay_nonblank[repeats] = again + front.nonblank[repeats]
    extended[repeats, repeat_slot[repeats]] = again + front.blank[repeats]

    rank = {node: b for b, node in enumerate(front.nodes)}
    revived, sources, targets = {}, [], []
    for b, node in enumerate(front.nodes):
        for token, child in trie.children[node].items():
            k = int(slots[token])
            if k < 0:
                continue
            trie.see(child, log_prob=float(log_probs[k]), step=step)
            if child in rank:
                sources.append((b, k))
                targets.append(rank[child])
            else:
                revived[b, k] = child
    if sources:
        rows, columns = np.array(sources).T
        stay_nonblank[targets] = _log_sum_exp(stay_nonblank[targets], extended[rows, columns])
        is_new[rows, columns] = False
    moves = _Moves(symbols, _log_sum_exp(stay_blank, stay_nonblank), extended, is_new, revived)
    return stay_blank, stay_nonblank, moves


def _choose(trie: PrefixTrie, front: _Front, moves: _Moves, width: int, *, is_last: bool) -> List[int]:
    """Indices of the ``width`` best prefixes: b for a stay, then B + b * K + k for an extension."""
    scores = np.concatenate([moves.stay, np.where(moves.is_new, moves.scores, -np.inf).ravel()])
    tokens = np.concatenate([front.tokens, np.tile(moves.symbols, len(front.nodes))])
    if moves.count <= width:
        best = np.flatnonzero(scores > -np.inf)
    else:
        threshold = -np.partition(-scores, width - 1)[width - 1]
        best = np.flatnonzero(scores >= threshold)
    keys = _keys(scores[best], tokens[best])
    by_key = sorted(range(len(best)), key=keys.__getitem__)
    cut_tied = len(best) > width and keys[by_key[width - 1]] == keys[by_key[width]]
    kept = by_key[:width]
    if not cut_tied and not (is_last and len({keys[i] for i in kept}) < len(kept)):
        return [int(best[i]) for i in kept]
    # Equal prefixes: which of them stay, and in which order, follows from where they are in the
    # tree and from how ctcdecode's library moves them.
    listed = _in_tree_order(trie, front, moves)
    moved = nth_element_order(_keys(scores[listed], tokens[listed]), width)
    return [listed[i] for i in moved[:width]]


def _in_tree_order(trie: PrefixTrie, front: _Front, moves: _Moves) -> List[int]:
    """Indices of all prefixes as ctcdecode lists them: each before its extensions, old ones first."""
    num_beams, num_symbols = moves.scores.shape
    rank = {node: b for b, node in enumerate(front.nodes)}
    revived = {node: num_beams + b * num_symbols + k for (b, k), node in moves.revived.items()}
    listed: List[int] = []
    # A node's new extensions come after all that descends from its old ones.
    pending: List[Tuple[bool, int]] = [(True, ROOT)]
    while pending:
        is_visit, node = pending.pop()
        if not is_visit:
            fresh = (k for k in np.flatnonzero(moves.is_new[rank[node]]).tolist())
            listed.extend(
                num_beams + rank[node] * num_symbols + k for k in fresh if (rank[node], k) not in moves.revived
            )
            continue
        if node in rank:
            listed.append(rank[node])
            pending.append((False, node))
        elif node in revived:
            listed.append(revived[node])
        pending.extend((True, child) for child in reversed(trie.children[node].values()))
    return listed


def _follow(
    trie: PrefixTrie,
    front: _Front,
    candidates: Candidates,
    expanded: Tuple[np.ndarray, np.ndarray, _Moves],
    chosen: List[int],
    step: int,
) -> _Front:
    """Make the ``chosen`` prefixes the beam, and prune the tree to what they need."""
    stay_blank, stay_nonblank, moves = expanded
    symbols, log_probs = candidates
    num_beams, num_symbols = moves.scores.shape
    grown = {}
    # In the order of the candidates: children are attached in that order.
    for index in sorted(index for index in chosen if index >= num_beams):
        b, k = divmod(index - num_beams, num_symbols)
        node = moves.revived.get((b, k))
        if node is None:
            node = trie.add(front.nodes[b], int(symbols[k]), log_prob=float(log_probs[k]), step=step)
        grown[index] = node
    nodes = [front.nodes[index] if index < num_beams else grown[index] for index in chosen]
    beam = set(nodes)
    for node in front.nodes:
        if node not in beam:
            trie.discard(node, beam)

    none = np.full(num_beams * num_symbols, IMPOSSIBLE, np.float32)
    flat = moves.scores.ravel()
    return _Front(
        nodes,
        np.array([trie.tokens[node] for node in nodes]),
        np.concatenate([stay_blank, none])[chosen],
        np.concatenate([stay_nonblank, flat])[chosen],
        np.concatenate([moves.stay, flat])[chosen],
    )


def _keys(scores: np.ndarray, tokens: np.ndarray) -> List[Tuple[float, int]]:
    """What ctcdecode compares: the higher score first, then the lower last token."""
    return list(zip((-scores).tolist(), tokens.tolist()))


def _log_sum_exp(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """``log(exp(x) + exp(y))`` with every operation rounded to float32, as ctcdecode's floats are."""
    high = np.maximum(x, y)
    total = _rounded(np.exp, x - high) + _rounded(np.exp, y - high)
    value = _rounded(np.log, total) + high
    return np.where(x <= IMPOSSIBLE, y, np.where(y <= IMPOSSIBLE, x, value))


def _rounded(function: np.ufunc, values: np.ndarray) -> np.ndarray:
    # The C library's float functions are right to the last bit; numpy's float32 ones are not.
    return function(values.astype(np.float64)).astype(np.float32)
