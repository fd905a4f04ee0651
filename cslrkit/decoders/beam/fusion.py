"""Shallow fusion: what a language model adds to the prefixes of a beam search."""

import weakref
from typing import TYPE_CHECKING, Dict, Hashable, List, Tuple

import torch

from cslrkit.decoders.language_model import LanguageModel

if TYPE_CHECKING:
    from cslrkit.decoders.beam.search import Front, Trees

_FIRST_STATES = 256
_MOST_STATES = 8192  # of a table when a search begins; a larger one is begun anew
_UNKNOWN = -1

# The tables of each language model, which outlive a search.
_TABLES: 'weakref.WeakKeyDictionary[LanguageModel, Dict[Tuple[torch.device, int], _Table]]' = (
    weakref.WeakKeyDictionary()
)


class Fusion:
    """The language model's states and scores of the prefixes in the trees of one search.

    Args:
        model: The language model.
        trees: The trees of the search. Tokens are symbols plus one.
    """

    def __init__(self, model: LanguageModel, trees: 'Trees') -> None:
        device = trees.tokens.device
        tables = _TABLES.setdefault(model, {})
        key = device, trees.none_token + 1
        if key not in tables or len(tables[key].states) > _MOST_STATES:
            tables[key] = _Table(model, trees.none_token + 1, device)
        self._table = tables[key]
        self._state = torch.zeros_like(trees.tokens)  # by node: the number of its state
        self._score = torch.zeros(trees.tokens.shape, device=device)  # by node: what was added so far

    def ranked(self, scores: torch.Tensor, front: 'Front', tokens: torch.Tensor) -> torch.Tensor:
        """Add the language model to the scores (n, W, K + 1) of the moves by ``tokens`` (n, K + 1)."""
        states = self._state[: len(tokens)].gather(1, front.nodes)
        before = self._score[: len(tokens)].gather(1, front.nodes)
        # The last move, by no token, stays where it is: nothing is added for that one.
        gains = self._table.gains.view(-1)[states[:, :, None] * self._table.width + tokens[:, None]]
        return scores + (before[:, :, None] + gains)

    def follow(self, before: 'Front', after: 'Front', origin: torch.Tensor, is_longer: torch.Tensor) -> None:
        """Note the states of the beams ``after`` a step, entry by entry from ``origin`` (n, W) of those ``before``."""
        count = len(origin)
        parents = before.nodes.gather(1, origin)
        states, scores = self._state[:count].gather(1, parents), self._score[:count].gather(1, parents)
        entries = states * self._table.width + after.tokens
        is_longer = is_longer & (after.scores > -torch.inf)
        following = self._table.leads_to.view(-1)[entries]
        unknown = (following == _UNKNOWN) & is_longer
        if unknown.any():
            self._table.learn(entries[unknown].unique())
            following = self._table.leads_to.view(-1)[entries]
        gains = self._table.gains.view(-1)[entries]
        self._state[:count].scatter_(1, after.nodes, torch.where(is_longer, following, states))
        self._score[:count].scatter_(1, after.nodes, torch.where(is_longer, scores + gains, scores))

    def added(self, front: 'Front') -> torch.Tensor:
        """What is added to the scores of the beams (n, W) in all, the sentence's end included."""
        return self._score.gather(1, front.nodes) + self._table.ends[self._state.gather(1, front.nodes)]


class _Table:
    """What every token adds in a state and to which state it leads, so that a step looks all moves up together.

    States are numbered as they are met, in one search after another.

    Args:
        model: The language model.
        width: Tokens, the one that stands for no move last.
        device: Where the search runs.
    """

    def __init__(self, model: LanguageModel, width: int, device: torch.device) -> None:
        self.model, self.width = weakref.proxy(model), width
        self.states: List[Hashable] = []
        self._numbers: Dict[Hashable, int] = {}
        self.gains = torch.zeros((_FIRST_STATES, width), device=device)  # alpha * ln P + beta
        self.leads_to = torch.full((_FIRST_STATES, width), _UNKNOWN, device=device)
        self.ends = torch.zeros(_FIRST_STATES, device=device)  # alpha * ln P of the sentence's end
        self._number_of([model.start()])

    def learn(self, entries: torch.Tensor) -> None:
        """Ask the model where unknown entries, state times width plus token, lead to."""
        pairs = [divmod(entry, self.width) for entry in entries.tolist()]
        following = [self.model.advance(self.states[number], token - 1) for number, token in pairs]
        numbers = self._number_of(following)
        self.leads_to.view(-1)[entries] = torch.tensor(numbers, device=entries.device)

    def _number_of(self, states: List[Hashable]) -> List[int]:
        """Numbers of the states; those that are new get their rows."""
        first = len(self.states)
        new = [state for state in dict.fromkeys(states) if state not in self._numbers]
        if new:
            self.states += new
            self._numbers.update((state, first + place) for place, state in enumerate(new))
            while len(self.states) > len(self.ends):
                self._grow()
            self._fill(new, first)
        return [self._numbers[state] for state in states]

    def _fill(self, states: List[Hashable], first: int) -> None:
        model, blank = self.model, self.model.vocab.blank_id
        log_probs = torch.stack([torch.from_numpy(model.score(state)) for state in states]).to(self.gains.device)
        rows = slice(first, first + len(states))
        self.gains[rows, 1:-1] = model.alpha * log_probs + model.beta
        if model.sentence_end:
            self.ends[rows] = model.alpha * log_probs[:, blank]

    def _grow(self) -> None:
        tables = self.gains, self.leads_to, self.ends
        blanks = torch.zeros_like(self.gains), torch.full_like(self.leads_to, _UNKNOWN), torch.zeros_like(self.ends)
        self.gains, self.leads_to, self.ends = (torch.cat(pair) for pair in zip(tables, blanks))
