"""Which of several equally probable prefixes a beam keeps, as ctcdecode's library would have it."""

from typing import Dict, List, Tuple

import torch

from cslrkit.decoders.equal_order import nth_element_order
from cslrkit.decoders.prefix_tree import ROOT, PrefixTrees
from cslrkit.decoders.search_state import Front, Moves, Symbols


def break_ties(
    scores: torch.Tensor,
    chosen: torch.Tensor,
    *,
    front: Front,
    symbols: Symbols,
    moves: Moves,
    trees: PrefixTrees,
    remaining: int,
) -> Tuple[torch.Tensor, torch.Tensor]:
    """Choose again where the score alone does not decide which moves are the W best.

    Of equal scores, the lower last token is better. If that is the same as well, it depends on where
    the prefixes are in the tree and on how ctcdecode's library moves them; such clips are settled
    one by one. Their order within the beam matters only at a clip's last step.

    Args:
        scores: The W + 1 best scores, falling, (n, W + 1).
        chosen: Their flat indices into the moves, (n, W + 1).
        front: The beams.
        symbols: The symbols of the step.
        moves: What follows the beams.
        trees: The clips' prefixes.
        remaining: Clips from this one on take their last step.

    Returns:
        Scores and flat indices of the W best, (n, W) each.
    """
    flat = moves.scores.flatten(1)
    cut = scores[:, -2:-1]
    scores, chosen = scores[:, :-1].clone(), chosen[:, :-1].clone()
    tokens = symbols.tokens[:, None].repeat(1, front.nodes.shape[1], 1)
    tokens[:, :, -1] = front.tokens
    tokens = tokens.flatten(1)

    # One score more is equal to the last of the best, and is not that of an impossible entry.
    at_cut = ((flat == cut).sum(1) > (scores == cut).sum(1)) & (cut[:, 0] > -torch.inf)
    rows = at_cut.nonzero()[:, 0]
    unsettled = torch.zeros_like(at_cut)
    if len(rows):
        best, worst = -1, trees.none_token + 1
        equal = torch.where(flat[rows] == cut[rows], tokens[rows], worst)
        ranks, picked = equal.masked_fill_(flat[rows] > cut[rows], best).topk(chosen.shape[1] + 1, largest=False)
        unsettled[rows] = ranks[:, -2] == ranks[:, -1]
        chosen[rows] = picked[:, :-1]
        scores[rows] = flat[rows].gather(1, chosen[rows])
    unsettled[remaining:] |= _has_equals(scores[remaining:], tokens[remaining:].gather(1, chosen[remaining:]))
    for row in unsettled.nonzero()[:, 0].tolist():
        kept = _as_in_the_library(row, front, moves, trees, tokens[row])
        chosen[row, : len(kept)] = torch.tensor(kept, device=chosen.device)
        scores[row] = flat[row, chosen[row]]
    return scores, chosen


def _has_equals(scores: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Which rows (n, W) hold two possible entries with the same score and the same token."""
    same = (scores[:, :, None] == scores[:, None]) & (tokens[:, :, None] == tokens[:, None])
    return ((same.sum(2) > 1) & (scores > -torch.inf)).any(1)


def _as_in_the_library(row: int, front: Front, moves: Moves, trees: PrefixTrees, tokens: torch.Tensor) -> List[int]:
    """Flat indices of the W best moves of one clip, in the order in which ``std::nth_element`` leaves them."""
    scores = moves.scores[row]
    listed = _in_tree_order(
        scores,
        front.nodes[row].tolist(),
        _children(row, front, trees),
        trees.tokens[row],
        tokens,
    )
    flat = scores.flatten().tolist()
    last_tokens = tokens.tolist()
    keys = [(-flat[index], last_tokens[index]) for index in listed]
    width = len(scores)
    return [listed[i] for i in nth_element_order(keys, width)[:width]]


def _children(row: int, front: Front, trees: PrefixTrees) -> Dict[int, List[int]]:
    """The nodes of one clip's tree with their children, in the order in which these were attached."""
    children: Dict[int, set] = {ROOT: set()}
    for path, depth, score in zip(
        front.paths[row].tolist(),
        front.depths[row].tolist(),
        front.scores[row].tolist(),
    ):
        if score == -torch.inf:
            continue
        for parent, child in zip(path[:depth], path[1 : depth + 1]):
            children.setdefault(parent, set()).add(child)
            children.setdefault(child, set())
    births = trees.births[row].tolist()
    # Children that came into being at the same step stand in the order of that step's symbols.
    return {
        node: sorted(found, key=lambda child: ((child - 1) // trees.width, births[child]))
        for node, found in children.items()
    }


def _in_tree_order(
    scores: torch.Tensor,
    nodes: List[int],
    children: Dict[int, List[int]],
    node_tokens: torch.Tensor,
    move_tokens: torch.Tensor,
) -> List[int]:
    """Flat indices of all moves as ctcdecode lists them: each prefix before its extensions, old ones first."""
    num_places = scores.shape[1]
    rank = {node: b for b, node in enumerate(nodes) if node in children}
    is_move = (scores > -torch.inf).tolist()
    row_tokens = move_tokens.view_as(scores).tolist()
    fresh, revived = {}, {}
    for node, b in rank.items():
        known = {int(node_tokens[child]): child for child in children[node]}
        moves = [k for k in range(num_places - 1) if is_move[b][k]]
        fresh[node] = [b * num_places + k for k in moves if row_tokens[b][k] not in known]
        for k in moves:
            if row_tokens[b][k] in known:
                revived[known[row_tokens[b][k]]] = b * num_places + k
    listed: List[int] = []
    # A node's new extensions come after all that descends from its old ones.
    pending: List[Tuple[bool, int]] = [(True, ROOT)]
    while pending:
        is_visit, node = pending.pop()
        if not is_visit:
            listed.extend(fresh[node])
            continue
        if node in rank:
            listed.append(rank[node] * num_places + num_places - 1)
            pending.append((False, node))
        elif node in revived:
            listed.append(revived[node])
        pending.extend((True, child) for child in reversed(children[node]))
    return listed
