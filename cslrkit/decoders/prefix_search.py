"""CTC prefix beam search over a batch of clips, a pure function of tensors."""

from dataclasses import dataclass, replace
from typing import List, Optional, Sequence, Tuple

import torch

from cslrkit.decoders.equal_order import sort_order
from cslrkit.decoders.equal_prefixes import break_ties
from cslrkit.decoders.prefix_tree import PrefixTrees
from cslrkit.decoders.pruning import prune_symbols
from cslrkit.decoders.search_state import IMPOSSIBLE, Front, Moves, Symbols

_PATH_GROWTH = 16


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
        return self.log_prob > IMPOSSIBLE


@torch.no_grad()
def prefix_beam_search(
    probs: torch.Tensor,
    lengths: Sequence[int],
    *,
    beam_width: int = 10,
    cutoff_top_n: int = 40,
    cutoff_prob: float = 1.0,
    cutoff_rule: str = 'exact',
    blank_id: int = 0,
    nbest: Optional[int] = None,
) -> List[List[Beam]]:
    """Search the most probable symbol sequences of each clip of a batch, on the device of ``probs``.

    All clips and all prefixes take a step together; a clip is left alone once its steps are over.

    Source: ``DecoderState`` of parlance/ctcdecode c90ad94 without a language model; the same
    beams, time-steps and scores, with float32 sums and its order of equal prefixes.

    Args:
        probs: Probabilities of the symbols at each step.
        lengths: Steps of each clip; what is behind them does not matter.
        beam_width: Prefixes kept after each step.
        cutoff_top_n: Most probable symbols considered at each step.
        cutoff_prob: Symbols are considered until they hold this much probability; 1 for all.
        cutoff_rule: ``'exact'``, or ``'ctcdecode'`` for the sum that ctcdecode compares.
        blank_id: The CTC blank.
        nbest: Beams returned of each clip; all by default.

    Shape:
        probs: (N, T', V), float32.

    Returns:
        For each clip at most ``beam_width`` beams, best first.
    """
    num_symbols, device = probs.shape[2], probs.device
    longest_first = sorted(range(len(lengths)), key=lambda clip: -lengths[clip])
    sizes = [int(lengths[clip]) for clip in longest_first]
    num_steps = sizes[0] if sizes else 0
    trees = PrefixTrees(len(sizes), num_steps, width=beam_width, num_symbols=num_symbols, device=device)
    front = Front.of_roots(len(sizes), beam_width, trees=trees)
    if num_steps:
        pruned = prune_symbols(
            probs[:, :num_steps],
            torch.tensor([int(length) for length in lengths], device=device),
            top_n=cutoff_top_n,
            cutoff_prob=cutoff_prob,
            cutoff_rule=cutoff_rule,
        )
        steps = _by_step(
            *(table[longest_first] for table in pruned),
            num_symbols=num_symbols,
            blank_id=blank_id,
        )
        front = _search(steps, sizes, front, trees)
    found = _beams(front, trees, nbest)
    return [found[place] for place in sorted(range(len(sizes)), key=longest_first.__getitem__)]


def _by_step(ids: torch.Tensor, log_probs: torch.Tensor, *, num_symbols: int, blank_id: int) -> List[Symbols]:
    """The symbols of each step, from ids and log-probabilities (N, T', K)."""
    tokens = torch.nn.functional.pad(ids.transpose(0, 1) + 1, (0, 1), value=num_symbols + 1)
    log_probs = torch.nn.functional.pad(log_probs.transpose(0, 1), (0, 1), value=-torch.inf)
    is_blank = tokens == blank_id + 1
    blank = log_probs.masked_fill(~is_blank, -torch.inf).amax(-1, keepdim=True)
    return [Symbols(*step) for step in zip(tokens, log_probs, log_probs.masked_fill(is_blank, -torch.inf), blank)]


def _search(steps: List[Symbols], sizes: Sequence[int], front: Front, trees: PrefixTrees) -> Front:
    """Take all steps from ``front``, clips in order of falling ``sizes``; return where each clip ended."""
    num_clips, width = front.nodes.shape
    device, num_places = front.nodes.device, steps[0].tokens.shape[1]
    # Symbol -> its place among those of the step, or the last place.
    places = torch.full((num_clips, trees.none_token + 1), num_places - 1, device=device)
    each_place = torch.arange(num_places, device=device)
    ended: List[Front] = []
    active = sum(size > 0 for size in sizes)
    if active < num_clips:
        ended.append(Front(*(value[active:] for value in vars(front).values())))
    for step, symbols in enumerate(steps):
        remaining = sum(size > step + 1 for size in sizes[:active])
        front = front.first(active)
        symbols = Symbols(*(value[:active] for value in vars(symbols).values()))
        table = places[:active].scatter_(1, symbols.tokens, each_place.expand(active, -1))
        moves = _expand(front, symbols, table, trees, step)
        table.scatter_(1, symbols.tokens, num_places - 1)
        scores, chosen = moves.scores.flatten(1).topk(width + 1)
        is_tied = scores[:, -2] == scores[:, -1]
        if remaining < active or is_tied.any():
            scores, chosen = break_ties(
                scores,
                chosen,
                front=front,
                symbols=symbols,
                moves=moves,
                trees=trees,
                remaining=remaining,
            )
        front = _follow(front, symbols, moves, trees, (scores[:, :width], chosen[:, :width]), step)
        if remaining < active:
            ended.append(Front(*(value[remaining:] for value in vars(front).values())))
            active = remaining
    return _stacked(ended[::-1])


def _expand(front: Front, symbols: Symbols, places: torch.Tensor, trees: PrefixTrees, step: int) -> Moves:
    """Score every prefix that can follow the beams, and note what the trees see again."""
    num_clips, width = front.nodes.shape
    num_places = symbols.tokens.shape[1]
    if front.paths.shape[2] < step + 2:
        front.paths = torch.nn.functional.pad(front.paths, (0, _PATH_GROWTH))
    # Pairs (n, b, j): is prefix j longer than prefix b and begins with it, and how does it go on?
    depths = front.depths[:, :, None].expand(-1, -1, width)
    by_depth = front.paths.transpose(1, 2)
    is_below = (by_depth.gather(1, depths) == front.nodes[:, :, None]) & (front.depths[:, None] > depths)
    children = torch.where(is_below, by_depth.gather(1, depths + 1), trees.none)
    child_tokens = trees.tokens[:num_clips].gather(1, children.flatten(1))
    child_log_probs = symbols.log_probs.gather(1, places.gather(1, child_tokens))
    trees.see(children, log_probs=child_log_probs, step=step)

    # The last token again: without a blank between, the prefix stays; after a blank, it grows.
    place = places.gather(1, front.tokens)
    again = symbols.log_probs.gather(1, place)
    stay_blank = (front.scores + symbols.blank).clamp_min_(IMPOSSIBLE)
    stay_nonblank = (again + front.nonblank).clamp_min_(IMPOSSIBLE)
    scores = front.scores[:, :, None] + symbols.growing[:, None, :]
    scores.scatter_(2, place[:, :, None], (again + front.blank)[:, :, None])

    # Where a prefix's extension is in the beam already, it adds to that one.
    has_parent, parent = (is_below & (front.depths[:, None] == depths + 1)).max(1)
    grown = torch.where(
        front.tokens == front.tokens.gather(1, parent),
        front.blank.gather(1, parent),
        front.scores.gather(1, parent),
    )
    grown = torch.where(has_parent, again + grown, IMPOSSIBLE).clamp_min_(IMPOSSIBLE)
    stay_nonblank = _log_sum_exp(stay_nonblank, grown)
    taken = torch.where(has_parent, parent * num_places + place, num_places - 1)
    scores.flatten(1).scatter_(1, taken, -torch.inf)
    scores[:, :, -1] = _log_sum_exp(stay_blank, stay_nonblank).masked_fill_(front.scores == -torch.inf, -torch.inf)
    return Moves(scores, stay_blank, stay_nonblank, children, child_tokens.view_as(children))


def _follow(
    front: Front,
    symbols: Symbols,
    moves: Moves,
    trees: PrefixTrees,
    chosen: Tuple[torch.Tensor, torch.Tensor],
    step: int,
) -> Front:
    """Make the ``chosen`` entries of the moves the beams: their scores and flat indices, (n, W) each."""
    scores, index = chosen
    num_clips, width = index.shape
    num_places = symbols.tokens.shape[1]
    source, place = index // num_places, index % num_places
    is_longer = place < num_places - 1
    is_empty = scores == -torch.inf
    tokens = torch.where(is_longer, symbols.tokens.gather(1, place), front.tokens.gather(1, source))
    tokens.masked_fill_(is_empty, trees.none_token)
    fresh = trees.grow(tokens, places=place, log_probs=symbols.log_probs.gather(1, place), step=step)
    # A prefix that had left the beam, but not the tree, comes back as the node that it was.
    pairs = source[:, :, None].expand(-1, -1, width)
    is_known = moves.child_tokens.gather(1, pairs) == tokens[:, :, None]
    known = moves.children.gather(1, pairs).mul_(is_known).amax(2)
    nodes = torch.where(is_longer, torch.where(known > 0, known, fresh), front.nodes.gather(1, source))
    nodes.masked_fill_(is_empty, trees.none)
    depths = (front.depths.gather(1, source) + is_longer).masked_fill_(is_empty, 0)
    rows = (source + width * torch.arange(num_clips, device=source.device)[:, None]).flatten()
    paths = front.paths.flatten(0, 1).index_select(0, rows).view(num_clips, width, -1)
    paths.scatter_(2, depths[:, :, None], nodes[:, :, None])
    return Front(
        nodes,
        tokens,
        depths,
        paths,
        blank=moves.stay_blank.gather(1, source).masked_fill_(is_longer, IMPOSSIBLE),
        nonblank=torch.where(is_longer, scores, moves.stay_nonblank.gather(1, source)),
        scores=scores,
    )


def _stacked(fronts: Sequence[Front]) -> Front:
    """One front of the clips of all ``fronts``."""
    length = max(front.paths.shape[2] for front in fronts)
    padded = [
        replace(
            front,
            paths=torch.nn.functional.pad(front.paths, (0, length - front.paths.shape[2])),
        )
        for front in fronts
    ]
    return Front(*(torch.cat(values) for values in zip(*(vars(front).values() for front in padded))))


def _beams(front: Front, trees: PrefixTrees, nbest: Optional[int]) -> List[List[Beam]]:
    """The best beams of each clip."""
    symbols, steps = (table.cpu().numpy() for table in trees.read(front.paths))
    beams = []
    for clip, entries in enumerate(zip(front.tokens.tolist(), front.depths.tolist(), front.scores.tolist())):
        tokens, depths, scores = entries
        keys = [(-score, token) for score, token in zip(scores, tokens) if score > -torch.inf]
        order = sort_order(keys)
        # ctcdecode sorts twice, and a second unstable sort can exchange equal prefixes again.
        again = sort_order([keys[i] for i in order])
        beams.append(
            [
                Beam(
                    tuple(symbols[clip, i, : depths[i]].tolist()),
                    tuple(steps[clip, i, : depths[i]].tolist()),
                    scores[i],
                )
                for i in (order[k] for k in again[:nbest])
            ]
        )
    return beams


def _log_sum_exp(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """``log(exp(x) + exp(y))`` with every operation rounded to float32, as ctcdecode's floats are."""
    high = torch.maximum(x, y)
    total = _rounded(torch.exp, x - high) + _rounded(torch.exp, y - high)
    value = _rounded(torch.log, total) + high
    return torch.where(x <= IMPOSSIBLE, y, torch.where(y <= IMPOSSIBLE, x, value))


def _rounded(function, values: torch.Tensor) -> torch.Tensor:
    # The C library's float functions are right to the last bit; vectorised float32 ones are not.
    return function(values.double()).float()
