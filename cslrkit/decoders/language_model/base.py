"""What a beam search asks of a language model."""

import math
from abc import ABC, abstractmethod
from typing import Any, Hashable

import numpy as np

from cslrkit.errors import ConfigError
from cslrkit.structures import GlossVocab


class LanguageModel(ABC):
    """Scores sentences of glosses from left to right, one gloss more at a time.

    A sentence y that CTC gives the probability ``P(y)`` is searched by ``ln P(y) + alpha * ln P_LM(y) + beta * |y|``.
    The network's alignments of y are summed first, so the language model counts once for each gloss.

    A child class says what a state is: whatever of the glosses so far decides how likely the next ones are.

    Args:
        vocab: The vocabulary of the network; whoever builds the decoder gives it.
        alpha: Weight of the language model; 0 leaves it out.
        beta: Added for each gloss, because a language model alone favors short sentences.
        sentence_end: Whether the probability that the sentence ends counts, ``alpha * ln P_LM(</s> | y)``.

    Raises:
        ConfigError: If alpha is negative, or alpha or beta is no number.
    """

    def __init__(self, vocab: GlossVocab, *, alpha: float, beta: float = 0.0, sentence_end: bool = True) -> None:
        self.vocab = vocab
        self.alpha = _number('alpha', alpha)
        self.beta = _number('beta', beta)
        self.sentence_end = sentence_end
        if alpha < 0:
            raise ConfigError(f'got {alpha}, expected 0 or more.', path='alpha')

    @abstractmethod
    def start(self) -> Hashable:
        """Return the state before the first gloss."""

    @abstractmethod
    def advance(self, state: Hashable, gloss_id: int) -> Hashable:
        """Return the state after one gloss more. Equal states must score all that follows alike."""

    @abstractmethod
    def score(self, state: Hashable) -> np.ndarray:
        """Return the natural logarithm of each gloss's probability after ``state``.

        Shape:
            float32 (V,), finite, by gloss id; at the id of the blank, the one that the sentence ends.
        """


def _number(argument: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ConfigError(f'got {value!r}, expected a number.', path=argument)
    return float(value)
