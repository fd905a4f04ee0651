"""The prefixes of a beam search as a tree that remembers where each token peaked."""

from typing import Collection, Dict, List, Tuple

ROOT = 0


class PrefixTrie:
    """Token sequences that share their beginnings.

    A node stands for the prefix that ends in it. Nodes stay as long as they or a longer prefix
    are in the beam, and with them the step at which their token was most probable.

    Source: ``PathTrie`` of parlance/ctcdecode c90ad94.
    """

    def __init__(self) -> None:
        self._parents: List[int] = [ROOT]
        self.tokens: List[int] = [-1]
        self._steps: List[int] = [0]
        self._peaks: List[float] = [0.0]
        # Children by token, in the order in which they were attached; it decides ties.
        self.children: List[Dict[int, int]] = [{}]

    def add(self, parent: int, token: int, *, log_prob: float, step: int) -> int:
        """Attach a new node to ``parent`` and return it."""
        node = len(self.tokens)
        self._parents.append(parent)
        self.tokens.append(token)
        self._steps.append(step)
        self._peaks.append(log_prob)
        self.children.append({})
        self.children[parent][token] = node
        return node

    def see(self, node: int, *, log_prob: float, step: int) -> None:
        """Note that the token of ``node`` was seen again, with ``log_prob``."""
        if self._peaks[node] < log_prob:
            self._peaks[node] = log_prob
            self._steps[node] = step

    def discard(self, node: int, beam: Collection[int]) -> None:
        """Forget ``node`` and what leads to it, as far as nothing in the ``beam`` needs it."""
        while node != ROOT and not self.children[node] and node not in beam:
            parent, token = self._parents[node], self.tokens[node]
            if self.children[parent].get(token) != node:
                return  # gone already, with the last of its extensions
            del self.children[parent][token]
            node = parent

    def path(self, node: int) -> Tuple[Tuple[int, ...], Tuple[int, ...]]:
        """Tokens of the prefix that ends in ``node``, and the step of each one's peak."""
        tokens, steps = [], []
        while node != ROOT:
            tokens.append(self.tokens[node])
            steps.append(self._steps[node])
            node = self._parents[node]
        return tuple(reversed(tokens)), tuple(reversed(steps))
