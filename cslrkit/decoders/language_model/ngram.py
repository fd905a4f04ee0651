"""N-gram language models with back-off, read from ARPA files."""

import math
import re
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Tuple, Union

import numpy as np

from cslrkit.decoders.language_model.base import LanguageModel
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.registry import LANGUAGE_MODELS
from cslrkit.structures import GlossVocab

SENTENCE_START, SENTENCE_END, UNKNOWN = '<s>', '</s>', '<unk>'
MAX_ORDER = 5
MAX_NGRAMS = 20_000_000  # of one order; what a file says is not believed beyond
_MAX_LINE = 10_000  # characters
_LN_10 = math.log(10.0)

Words = Tuple[str, ...]


@LANGUAGE_MODELS.register_module()
class NGram(LanguageModel):
    """An n-gram model with back-off from an ARPA file, as ``tools/train_lm.py``, KenLM and SRILM write them.

    A state is the longest end of the glosses so far on which the file's probabilities depend. Sentences begin
    after ``<s>``. A gloss that the file does not have takes the probability of its ``<unk>``, or ``unk_log_prob`` if
    there is none; back-off weights count for it as for the others. A file without ``</s>`` scores no sentence end.

    Source: the ARPA format as SRILM's ngram-format(5) describes it. Its logarithms are of base 10, as KenLM's scores
    are; here all are natural, so an ``lm_weight`` of flashlight-text is ``alpha * ln 10``.

    Args:
        path: The ARPA file, in UTF-8, of order 1 to 5.
        vocab: The vocabulary of the network; whoever builds the decoder gives it.
        alpha: Weight of the language model; 0 leaves it out.
        beta: Added for each gloss.
        sentence_end: Whether the probability that the sentence ends counts.
        unk_log_prob: Natural logarithm of an unknown gloss's probability where the file has no ``<unk>``.

    Raises:
        ConfigError: For a wrong alpha or beta.
        DataNotFoundError: If there is no such file.
        DataError: If it is no ARPA file, is cut off, or is of another vocabulary; with the number of the line.
    """

    def __init__(
        self,
        path: Union[str, Path],
        vocab: GlossVocab,
        *,
        alpha: float = 0.5,
        beta: float = 0.0,
        sentence_end: bool = True,
        unk_log_prob: float = -10.0,
    ) -> None:
        super().__init__(vocab, alpha=alpha, beta=beta, sentence_end=sentence_end)
        self.path = path
        arpa = read_arpa(path)
        known = sum(gloss in arpa.words for gloss in vocab.glosses)
        if 2 * known < len(vocab):
            raise DataError(
                f"language model: '{path}', line {arpa.first_line}: the 1-grams have {known} of the {len(vocab)} "
                f'glosses of the vocabulary ({", ".join(vocab.glosses[:3])}, ...), expected at least half. It is of '
                'another corpus; train one by tools/train_lm.py.'
            )
        self.order = arpa.order
        words = arpa.words
        # Glosses that are not in the file share a word: that of the file, or one more.
        unknown = words.setdefault(UNKNOWN, len(words))
        self._unigrams = np.full(len(words), unk_log_prob, np.float32)
        ids, log_probs = arpa.followers[()]
        self._unigrams[ids] = log_probs
        self._followers, self._backoffs = arpa.followers, arpa.backoffs
        # The words of the classes; that of the blank is the sentence's end.
        self._end = words.get(SENTENCE_END)
        glosses = [words.get(gloss, unknown) for gloss in vocab.glosses]
        self._words = np.array([unknown if self._end is None else self._end, *glosses])
        start = words.get(SENTENCE_START)
        self._start = () if start is None else self._shortened((start,))

    def start(self) -> Tuple[int, ...]:
        """Return the state before the first gloss."""
        return self._start

    def advance(self, state: Tuple[int, ...], gloss_id: int) -> Tuple[int, ...]:
        """Return the state after one gloss more."""
        return self._shortened((*state, int(self._words[gloss_id])))

    def score(self, state: Tuple[int, ...]) -> np.ndarray:
        """Return the natural logarithm of each class's probability after ``state``, (V,)."""
        scores = self._after(state)[self._words]
        if self._end is None:
            scores[self.vocab.blank_id] = 0.0
        return scores

    def _after(self, context: Tuple[int, ...]) -> np.ndarray:
        """Log-probabilities of all words after ``context``."""
        if not context:
            return self._unigrams
        log_probs = self._after(context[1:]) + self._backoffs.get(context, np.float32(0))
        if context in self._followers:
            ids, values = self._followers[context]
            log_probs[ids] = values
        return log_probs

    def _shortened(self, context: Tuple[int, ...]) -> Tuple[int, ...]:
        """The longest end of ``context`` on which probabilities depend."""
        context = context[max(len(context) - self.order + 1, 0) :]
        while context and context not in self._followers and context not in self._backoffs:
            context = context[1:]
        return context


class Arpa(NamedTuple):
    """The content of an ARPA file, logarithms natural."""

    order: int
    words: Dict[str, int]  # each word's number, in the order of the file
    # Context -> numbers of the words that follow it, and their log-probabilities in float32.
    followers: Dict[Tuple[int, ...], Tuple[np.ndarray, np.ndarray]]
    backoffs: Dict[Tuple[int, ...], np.float32]  # those that are not 0
    first_line: int  # at which the 1-grams begin


def read_arpa(path: Union[str, Path]) -> Arpa:
    """Read an ARPA file.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it is malformed or cut off, with the number of the line.
    """
    if not Path(path).is_file():
        raise DataNotFoundError(
            f"language model: '{path}' does not exist. A checkpoint carries the path alone: put the ARPA file there, "
            'or give a config whose model.decoder.language_model has another path or is None.'
        )
    with open(path, encoding='utf-8', errors='strict') as file:
        try:
            return _Reader(path, _lines(file)).read()
        except UnicodeDecodeError as error:
            raise DataError(
                f"language model: '{path}' is not UTF-8 text ({error.reason}); expected an ARPA file."
            ) from error


def _lines(file) -> Iterator[str]:
    while True:
        line = file.readline(_MAX_LINE)
        if not line:
            return
        yield line


class _Reader:
    """Takes an ARPA file line by line."""

    def __init__(self, path: Union[str, Path], lines: Iterator[str]) -> None:
        self.path, self.lines, self.number = path, lines, 0
        self.words: Dict[str, int] = {}

    def read(self) -> Arpa:
        """Read it all."""
        line = self.next('\\data\\')
        while line != '\\data\\':  # what is before is a comment
            line = self.next('\\data\\')
        counts, line = self.read_counts()
        followers, backoffs = {}, {}
        grams, first_line = {(): True}, self.number
        for order, count in enumerate(counts, start=1):
            if line != f'\\{order}-grams:':
                self.fail(line, f'\\{order}-grams:')
            grams, line = self.read_grams(order, count, known=grams, is_last=order == len(counts), followers=followers)
            backoffs.update((gram, np.float32(weight)) for gram, weight in grams.items() if weight)
        if line != '\\end\\':
            self.fail(line, '\\end\\')
        arrays = {
            context: (np.array(ids), np.array(values, np.float32)) for context, (ids, values) in followers.items()
        }
        return Arpa(len(counts), self.words, arrays, backoffs, first_line)

    def read_counts(self) -> Tuple[List[int], str]:
        """Read the lines ``ngram 1=5``; return the counts and the line after them."""
        counts: List[int] = []
        line = self.next('ngram 1=COUNT')
        while line.startswith('ngram'):
            found = re.fullmatch(r'ngram\s+(\d{1,3})\s*=\s*(\d{1,12})', line)
            if not found or int(found[1]) != len(counts) + 1:
                self.fail(line, f'ngram {len(counts) + 1}=COUNT')
            if int(found[1]) > MAX_ORDER or int(found[2]) > MAX_NGRAMS:
                self.fail(line, f'orders up to {MAX_ORDER} and up to {MAX_NGRAMS:,} n-grams of each')
            counts.append(int(found[2]))
            line = self.next('\\1-grams:')
        if not counts:
            self.fail(line, 'ngram 1=COUNT')
        return counts, line

    def read_grams(
        self, order: int, count: int, *, known: dict, is_last: bool, followers: dict
    ) -> Tuple[Dict[Tuple[int, ...], float], str]:
        """Read the n-grams of an order; return their back-off weights and the line after them."""
        grams: Dict[Tuple[int, ...], float] = {}
        after = '\\end\\' if is_last else f'\\{order + 1}-grams:'
        line = self.next(after)
        while not (line.startswith('\\') and line in (after, '\\end\\')):
            gram, log_prob, weight = self.read_gram(line, order, is_last=is_last)
            if gram in grams:
                self.fail(line, 'each n-gram once')
            if gram[:-1] not in known:
                self.fail(line, f'only n-grams whose first {order - 1} words are a {order - 1}-gram')
            grams[gram] = weight
            ids, values = followers.setdefault(gram[:-1], ([], []))
            ids.append(gram[-1])
            values.append(log_prob)
            if len(grams) > count:
                self.fail(line, f'{count} {order}-grams, as ngram {order}={count} says')
            line = self.next(after)
        if len(grams) != count:
            self.fail(f'{len(grams)} {order}-grams', f'{count}, as ngram {order}={count} says')
        return grams, line

    def read_gram(self, line: str, order: int, *, is_last: bool) -> Tuple[Tuple[int, ...], float, float]:
        """Return the words' numbers of a line, and its log-probability and back-off weight, both natural."""
        fields = line.split()
        if len(fields) not in (order + 1, order + 1 + (not is_last)):
            self.fail(line, f'a log-probability, {order} words' + ('' if is_last else ' and perhaps a back-off weight'))
        words = fields[1 : order + 1]
        if order == 1:
            self.words.setdefault(words[0], len(self.words))
        unknown = [word for word in words if word not in self.words]
        if unknown:
            self.fail(f"the word '{unknown[0]}'", 'words of the 1-grams')
        log_prob = self.as_number(fields[0])
        if log_prob > 0:
            self.fail(fields[0], 'a log-probability of at most 0')
        weight = self.as_number(fields[-1]) if len(fields) > order + 1 else 0.0
        return tuple(self.words[word] for word in words), log_prob * _LN_10, weight * _LN_10

    def as_number(self, text: str) -> float:
        """Return a finite number."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not abs(value) < 1e6:
            self.fail(text, 'a number')
        return value

    def next(self, expected: str) -> str:
        """Return the next line that is not empty."""
        for line in self.lines:
            self.number += 1
            if len(line) == _MAX_LINE:
                self.fail(line, 'a line of ARPA text')
            if line.strip():
                return line.strip()
        self.fail('the end of the file', expected)

    def fail(self, got: str, expected: str) -> None:
        """Say what is wrong at this line."""
        got = ' '.join(got.split())
        shown = got if len(got) <= 60 else got[:57] + '...'
        raise DataError(f"language model: '{self.path}', line {self.number}: got {shown}, expected {expected}.")
