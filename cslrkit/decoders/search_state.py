"""What a batched prefix beam search holds between and within its steps."""

from dataclasses import dataclass

import torch

from cslrkit.decoders.prefix_tree import ROOT, PrefixTrees

IMPOSSIBLE = torch.finfo(torch.float32).min  # stands for log 0; sums with it stay finite


@dataclass
class Front:
    """The beams of n clips between two steps; an entry that no prefix takes has the score -inf.

    Args:
        nodes: Numbers in the clip's tree, (n, W).
        tokens: Last symbol plus one, 0 for the empty prefix, (n, W).
        depths: Length of the prefix, (n, W).
        paths: Nodes from the root to the prefix, (n, W, D).
        blank: Log-probability of the alignments that end in a blank, (n, W).
        nonblank: Of those that end in the last token, (n, W).
        scores: Of both, (n, W).
    """

    nodes: torch.Tensor
    tokens: torch.Tensor
    depths: torch.Tensor
    paths: torch.Tensor
    blank: torch.Tensor
    nonblank: torch.Tensor
    scores: torch.Tensor

    @classmethod
    def of_roots(cls, num_clips: int, width: int, *, trees: PrefixTrees) -> 'Front':
        """Beams that hold the empty prefix alone."""
        device = trees.tokens.device
        nodes = torch.full((num_clips, width), trees.none, device=device)
        nodes[:, 0] = ROOT
        scores = torch.full((num_clips, width), -torch.inf, device=device)
        scores[:, 0] = 0.0
        return cls(
            nodes=nodes,
            tokens=trees.tokens.gather(1, nodes),
            depths=torch.zeros_like(nodes),
            paths=torch.zeros((num_clips, width, 1), dtype=torch.int64, device=device),
            blank=scores.clamp_min(IMPOSSIBLE),
            nonblank=torch.full_like(scores, IMPOSSIBLE),
            scores=scores,
        )

    def first(self, count: int) -> 'Front':
        """The beams of the first ``count`` clips."""
        return Front(*(value[:count] for value in vars(self).values()))


@dataclass
class Symbols:
    """What can follow at one step, for n clips; entry K of each is for a symbol that cannot.

    Args:
        tokens: Symbols plus one, (n, K + 1).
        log_probs: Of each symbol, (n, K + 1).
        growing: The same, and minus infinity for the blank, (n, K + 1).
        blank: Log-probability of the blank, (n, 1).
    """

    tokens: torch.Tensor
    log_probs: torch.Tensor
    growing: torch.Tensor
    blank: torch.Tensor


@dataclass
class Moves:
    """All that can follow the beams of n clips.

    Args:
        scores: Row b extends prefix b by each symbol, and in its last entry leaves it as it is; minus
            infinity where that is no prefix or one that another entry stands for, (n, W, K + 1).
        stay_blank: As in the front, of the prefixes as they are, (n, W).
        stay_nonblank: As in the front, (n, W).
        children: Node (n, b, j) is what follows prefix b on the path to prefix j, if it does.
        child_tokens: The last tokens of those, (n, b, j).
    """

    scores: torch.Tensor
    stay_blank: torch.Tensor
    stay_nonblank: torch.Tensor
    children: torch.Tensor
    child_tokens: torch.Tensor
