"""The prefixes of many beam searches as trees that remember where each token peaked, in tensors."""

from typing import Tuple

import torch

ROOT = 0


class PrefixTrees:
    """One tree of prefixes for each clip of a batch.

    A node stands for the prefix that ends in it and is a number within its clip's tree: 0 for the
    empty prefix, ``1 + step * W + i`` for the one that entry ``i`` of a beam of W became at ``step``,
    and the last number for no node. The path of each prefix of the beam, from the root down, is kept
    with the beam; a node is in the tree as long as it is on the path of one of them, as in
    ctcdecode. If it is searched again later, it is a new node, which has not been seen before.

    Source: ``PathTrie`` of parlance/ctcdecode c90ad94.

    Args:
        num_clips: N.
        num_steps: T'.
        width: W, prefixes in a beam.
        num_symbols: V.
        device: Where the trees are.

    Attributes:
        tokens: Last token of each prefix: the symbol plus one, 0 for the root and V + 1 for none,
            int64 (N, nodes).
        steps: Step at which that token was most probable, int64 (N, nodes).
        births: Place among the symbols of the step at which the node came into being, int64 (N, nodes).
        none: Number of the node that is none.
        none_token: V + 1.
        width: W.
    """

    def __init__(
        self,
        num_clips: int,
        num_steps: int,
        *,
        width: int,
        num_symbols: int,
        device: torch.device,
    ) -> None:
        shape = (num_clips, num_steps * width + 2)
        self.none = shape[1] - 1
        self.none_token = num_symbols + 1
        self.width = width
        self.tokens = torch.zeros(shape, dtype=torch.int64, device=device)
        self.tokens[:, -1] = self.none_token
        self.steps = torch.zeros(shape, dtype=torch.int64, device=device)
        self.births = torch.zeros(shape, dtype=torch.int64, device=device)
        self._peaks = torch.zeros(shape, dtype=torch.float32, device=device)

    def grow(
        self,
        tokens: torch.Tensor,
        *,
        places: torch.Tensor,
        log_probs: torch.Tensor,
        step: int,
    ) -> torch.Tensor:
        """Add a node for each entry of the first n clips' beams, and return their numbers (W,).

        Args:
            tokens: Last token of each, (n, W).
            places: Place of the token among the symbols of the step, (n, W).
            log_probs: Log-probability of the token, (n, W).
            step: Which step it is.
        """
        first = 1 + step * self.width
        for table, values in (
            (self.tokens, tokens),
            (self.births, places),
            (self._peaks, log_probs),
        ):
            table[: len(tokens), first : first + self.width] = values
        self.steps[:, first : first + self.width] = step
        return torch.arange(first, first + self.width, device=tokens.device)

    def see(self, nodes: torch.Tensor, *, log_probs: torch.Tensor, step: int) -> None:
        """Note for the first n clips that the tokens of ``nodes`` were seen again, both (n, ...)."""
        nodes, log_probs = nodes.flatten(1), log_probs.flatten(1)
        peaks, steps = self._peaks[: len(nodes)], self.steps[: len(nodes)]
        peak = peaks.gather(1, nodes)
        # A node that occurs several times has the same values each time.
        steps.scatter_(1, nodes, steps.gather(1, nodes).masked_fill_(peak < log_probs, step))
        peaks.scatter_(1, nodes, torch.maximum(peak, log_probs))

    def read(self, paths: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        """Symbols and peak steps along ``paths`` (N, W, D) of nodes, without the root: two (N, W, D - 1)."""
        nodes = paths[:, :, 1:].flatten(1)
        shape = (*paths.shape[:2], paths.shape[2] - 1)
        return (self.tokens.gather(1, nodes) - 1).view(shape), self.steps.gather(1, nodes).view(shape)
