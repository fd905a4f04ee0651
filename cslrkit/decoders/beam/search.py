"""CTC prefix beam search over a batch of clips, a pure function of tensors.

All clips and all prefixes take a step together; a clip is left alone once its steps are over. Shapes: n clips, W
prefixes in a beam, K symbols a step. Tokens are symbols plus one: 0 is the empty prefix, V + 1 is none.

Source: ``DecoderState`` and ``PathTrie`` of parlance/ctcdecode c90ad94 without a language model; the same beams,
time-steps and scores, with float32 sums and its order of equal prefixes.
"""

from typing import List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch.nn.functional import pad

from cslrkit.decoders.beam.fusion import Fusion
from cslrkit.decoders.beam.symbols import Symbols, prune_symbols, symbols_by_step
from cslrkit.decoders.beam.ties import break_ties, sort_order
from cslrkit.decoders.language_model import LanguageModel
from cslrkit.structures import NBestEntry

IMPOSSIBLE = torch.finfo(torch.float32).min  # stands for log 0; sums with it stay finite
_PATH_GROWTH = 16


class Front(NamedTuple):
    """The beams of n clips between two steps; an entry that no prefix takes has the score -inf."""

    nodes: torch.Tensor  # number of the prefix in its clip's tree, (n, W)
    tokens: torch.Tensor  # its last token, (n, W)
    depths: torch.Tensor  # its length, (n, W)
    paths: torch.Tensor  # nodes from the root to it, (n, W, D)
    blank: torch.Tensor  # log-probability of the alignments that end in a blank, (n, W)
    nonblank: torch.Tensor  # of those that end in the last token, (n, W)
    scores: torch.Tensor  # of both, (n, W)


class Moves(NamedTuple):
    """All that can follow the beams of n clips."""

    # Row b extends prefix b by each symbol, and in its last entry leaves it as it is; minus infinity where that is
    # no prefix or one that another entry stands for, (n, W, K + 1).
    scores: torch.Tensor
    stay_blank: torch.Tensor  # as in the front, of the prefixes as they are, (n, W)
    stay_nonblank: torch.Tensor
    children: torch.Tensor  # (n, b, j): the node that follows prefix b on the path to prefix j, if it does
    child_tokens: torch.Tensor  # their tokens


class Trees:
    """One tree of prefixes for each clip.

    A node is a prefix and a number: 0 the empty one, ``1 + step * W + i`` the one that entry ``i`` of the beam
    became at ``step``, and the last number none. A node is in the tree as long as it is on the path of a prefix of
    the beam, as in ctcdecode; if it is searched again later, it is a new node, which has not been seen before.
    """

    def __init__(self, num_clips: int, num_steps: int, *, width: int, num_symbols: int, device: torch.device) -> None:
        self.width, self.none, self.none_token = width, num_steps * width + 1, num_symbols + 1
        shape = (num_clips, self.none + 1)
        self.tokens = torch.zeros(shape, dtype=torch.int64, device=device)  # last token of each
        self.tokens[:, -1] = self.none_token
        self.births = torch.zeros_like(self.tokens)  # place among the symbols of the step at which it came into being
        self.steps = torch.zeros_like(self.tokens)  # step at which the last token was most probable
        self._peaks = torch.zeros(shape, device=device)  # how probable it was

    def roots(self) -> Front:
        """Beams that hold the empty prefix alone."""
        nodes = torch.full((len(self.tokens), self.width), self.none, device=self.tokens.device)
        nodes[:, 0] = 0
        scores = torch.where(nodes == 0, 0.0, -torch.inf)
        depths = torch.zeros_like(nodes)
        blank, nonblank = scores.clamp_min(IMPOSSIBLE), torch.full_like(scores, IMPOSSIBLE)
        return Front(nodes, self.tokens.gather(1, nodes), depths, depths[:, :, None], blank, nonblank, scores)

    def grow(self, tokens: torch.Tensor, places: torch.Tensor, log_probs: torch.Tensor, step: int) -> torch.Tensor:
        """Add a node for each entry (n, W) of the first n clips' beams, and return their numbers (W,)."""
        first = 1 + step * self.width
        for table, values in ((self.tokens, tokens), (self.births, places), (self._peaks, log_probs)):
            table[: len(tokens), first : first + self.width] = values
        self.steps[:, first : first + self.width] = step
        return torch.arange(first, first + self.width, device=tokens.device)

    def see(self, nodes: torch.Tensor, log_probs: torch.Tensor, step: int) -> None:
        """Note for the first n clips that the last tokens of ``nodes`` were seen again, both (n, ...)."""
        nodes, log_probs = nodes.flatten(1), log_probs.flatten(1)
        peaks, steps = self._peaks[: len(nodes)], self.steps[: len(nodes)]
        peak = peaks.gather(1, nodes)
        # A node that occurs several times has the same values each time.
        steps.scatter_(1, nodes, steps.gather(1, nodes).masked_fill_(peak < log_probs, step))
        peaks.scatter_(1, nodes, torch.maximum(peak, log_probs))


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
    language_model: Optional[LanguageModel] = None,
) -> List[List[NBestEntry]]:
    """Search the most probable symbol sequences of each clip of a batch, on the device of ``probs``.

    Args:
        probs: Probabilities of the symbols at each step.
        lengths: Steps of each clip; what is behind them does not matter.
        beam_width: Prefixes kept after each step.
        cutoff_top_n: Most probable symbols considered at each step.
        cutoff_prob: Symbols are considered until they hold this much probability; 1 for all.
        cutoff_rule: ``'exact'``, or ``'ctcdecode'`` for the sum that ctcdecode compares.
        blank_id: The CTC blank.
        nbest: Beams returned of each clip; all by default.
        language_model: Added to the scores of prefixes, once for each symbol.

    Shape:
        probs: (N, T', V), float32.

    Returns:
        For each clip at most ``beam_width`` beams, best first, repeats that a blank separates included; a beam
        wider than there are prefixes also holds some whose score is ``IMPOSSIBLE``.
    """
    num_symbols, device = probs.shape[2], probs.device
    longest_first = sorted(range(len(lengths)), key=lambda clip: -lengths[clip])
    sizes = [int(lengths[clip]) for clip in longest_first]
    num_steps = max(sizes, default=0)
    trees = Trees(len(sizes), num_steps, width=beam_width, num_symbols=num_symbols, device=device)
    front = trees.roots()
    fusion = None if language_model is None else Fusion(language_model, trees)
    if num_steps:
        pruned = prune_symbols(
            probs[:, :num_steps],
            torch.tensor([int(length) for length in lengths], device=device),
            top_n=cutoff_top_n,
            cutoff_prob=cutoff_prob,
            cutoff_rule=cutoff_rule,
        )
        steps = symbols_by_step(*(table[longest_first] for table in pruned), num_symbols=num_symbols, blank_id=blank_id)
        front = _search(steps, sizes, front, trees, fusion)
    found = _beams(front, trees, nbest, None if fusion is None else fusion.added(front))
    return [found[place] for place in sorted(range(len(sizes)), key=longest_first.__getitem__)]


def _search(steps: List[Symbols], sizes: Sequence[int], front: Front, trees: Trees, fusion: Optional[Fusion]) -> Front:
    """Take all steps from ``front``, clips in order of falling ``sizes``; return where each clip ended."""
    num_clips, width = front.nodes.shape
    device, num_places = front.nodes.device, steps[0].tokens.shape[1]
    # Token -> its place among those of the step, or the last place.
    places = torch.full((num_clips, trees.none_token + 1), num_places - 1, device=device)
    each_place = torch.arange(num_places, device=device)
    active = sum(size > 0 for size in sizes)
    ended = [Front(*(value[active:] for value in front))]
    for step, symbols in enumerate(steps):
        remaining = sum(size > step + 1 for size in sizes[:active])
        front, symbols = Front(*(value[:active] for value in front)), Symbols(*(value[:active] for value in symbols))
        if front.paths.shape[2] < step + 2:
            front = front._replace(paths=pad(front.paths, (0, _PATH_GROWTH)))
        table = places[:active].scatter_(1, symbols.tokens, each_place.expand(active, -1))
        moves = _expand(front, symbols, table, trees, step)
        table.scatter_(1, symbols.tokens, num_places - 1)
        ranked = moves.scores if fusion is None else fusion.ranked(moves.scores, front, symbols.tokens)
        scores, chosen = ranked.flatten(1).topk(width + 1)
        if remaining < active or (scores[:, -2] == scores[:, -1]).any():
            scores, chosen = break_ties(scores, chosen, ranked, front, symbols.tokens, trees, remaining)
        scores, chosen = scores[:, :width], chosen[:, :width]
        if fusion is not None:  # the beams go on with what the network says alone
            scores = moves.scores.flatten(1).gather(1, chosen)
        before, front = front, _follow(front, symbols, moves, trees, (scores, chosen), step)
        if fusion is not None:
            fusion.follow(before, front, chosen // num_places, chosen % num_places < num_places - 1)
        if remaining < active:
            ended.append(Front(*(value[remaining:] for value in front)))
            active = remaining
    length = front.paths.shape[2]
    padded = [each._replace(paths=pad(each.paths, (0, length - each.paths.shape[2]))) for each in ended[::-1]]
    return Front(*map(torch.cat, zip(*padded)))


def _expand(front: Front, symbols: Symbols, places: torch.Tensor, trees: Trees, step: int) -> Moves:
    """Score every prefix that can follow the beams, and note what the trees see again."""
    num_clips, width = front.nodes.shape
    num_places = symbols.tokens.shape[1]
    # Pairs (n, b, j): is prefix j longer than prefix b and begins with it, and how does it go on?
    depths = front.depths[:, :, None].expand(-1, -1, width)
    by_depth = front.paths.transpose(1, 2)
    is_below = (by_depth.gather(1, depths) == front.nodes[:, :, None]) & (front.depths[:, None] > depths)
    children = torch.where(is_below, by_depth.gather(1, depths + 1), trees.none)
    child_tokens = trees.tokens[:num_clips].gather(1, children.flatten(1))
    trees.see(children, symbols.log_probs.gather(1, places.gather(1, child_tokens)), step)

    # The last token again: without a blank between, the prefix stays; after a blank, it grows.
    place = places.gather(1, front.tokens)
    again = symbols.log_probs.gather(1, place)
    stay_blank = (front.scores + symbols.blank).clamp_min_(IMPOSSIBLE)
    stay_nonblank = (again + front.nonblank).clamp_min_(IMPOSSIBLE)
    scores = front.scores[:, :, None] + symbols.growing[:, None, :]
    scores.scatter_(2, place[:, :, None], (again + front.blank)[:, :, None])

    # Where a prefix's extension is in the beam already, it adds to that one.
    has_parent, parent = (is_below & (front.depths[:, None] == depths + 1)).max(1)
    repeats = front.tokens == front.tokens.gather(1, parent)
    grown = torch.where(repeats, front.blank.gather(1, parent), front.scores.gather(1, parent))
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
    trees: Trees,
    chosen: Tuple[torch.Tensor, torch.Tensor],
    step: int,
) -> Front:
    """Make the ``chosen`` entries of the moves the beams: their scores and flat indices, (n, W) each."""
    scores, index = chosen
    num_clips, width = index.shape
    num_places = symbols.tokens.shape[1]
    origin, place = index // num_places, index % num_places
    is_longer = place < num_places - 1
    is_empty = scores == -torch.inf
    tokens = torch.where(is_longer, symbols.tokens.gather(1, place), front.tokens.gather(1, origin))
    tokens.masked_fill_(is_empty, trees.none_token)
    fresh = trees.grow(tokens, place, symbols.log_probs.gather(1, place), step)
    # A prefix that had left the beam, but not the tree, comes back as the node that it was.
    pairs = origin[:, :, None].expand(-1, -1, width)
    is_known = moves.child_tokens.gather(1, pairs) == tokens[:, :, None]
    known = moves.children.gather(1, pairs).mul_(is_known).amax(2)
    nodes = torch.where(is_longer, torch.where(known > 0, known, fresh), front.nodes.gather(1, origin))
    nodes.masked_fill_(is_empty, trees.none)
    depths = (front.depths.gather(1, origin) + is_longer).masked_fill_(is_empty, 0)
    rows = (origin + width * torch.arange(num_clips, device=origin.device)[:, None]).flatten()
    paths = front.paths.flatten(0, 1).index_select(0, rows).view(num_clips, width, -1)
    paths.scatter_(2, depths[:, :, None], nodes[:, :, None])
    blank = moves.stay_blank.gather(1, origin).masked_fill_(is_longer, IMPOSSIBLE)
    nonblank = torch.where(is_longer, scores, moves.stay_nonblank.gather(1, origin))
    return Front(nodes, tokens, depths, paths, blank, nonblank, scores)


def _beams(front: Front, trees: Trees, nbest: Optional[int], added: Optional[torch.Tensor]) -> List[List[NBestEntry]]:
    """The best beams of each clip, by their scores and what a language model ``added`` to them, (n, W)."""
    totals = front.scores if added is None else front.scores + added
    shares = [[None] * front.scores.shape[1]] * len(totals) if added is None else added.tolist()
    nodes = front.paths[:, :, 1:].flatten(1)
    shape = (*front.nodes.shape, -1) if nodes.numel() else (*front.nodes.shape, 0)
    symbols = (trees.tokens.gather(1, nodes) - 1).view(shape).cpu().numpy()
    steps = trees.steps.gather(1, nodes).view(shape).cpu().numpy()
    beams = []
    for clip, entries in enumerate(zip(front.tokens.tolist(), front.depths.tolist(), totals.tolist())):
        tokens, depths, scores = entries
        keys = [(-score, token) for score, token in zip(scores, tokens) if score > -torch.inf]
        order = sort_order(keys)
        # ctcdecode sorts twice, and a second unstable sort can exchange equal prefixes again.
        best = [order[place] for place in sort_order([keys[i] for i in order])[:nbest]]
        beams.append(
            [
                NBestEntry(
                    tuple(symbols[clip, i, : depths[i]].tolist()),
                    scores[i],
                    tuple(steps[clip, i, : depths[i]].tolist()),
                    lm_score=shares[clip][i],
                )
                for i in best
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
    # The C library's float functions are right to the last bit; vectorized float32 ones are not.
    return function(values.double()).float()
