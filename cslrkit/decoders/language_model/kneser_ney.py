"""Estimating n-gram models with modified Kneser-Ney smoothing, and writing them as ARPA files."""

import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import Dict, Iterable, List, Sequence, Tuple, Union

from cslrkit.corpora.info_file import read_entries
from cslrkit.corpora.tables import read_text
from cslrkit.decoders.language_model.ngram import MAX_ORDER, SENTENCE_END, SENTENCE_START, UNKNOWN, Words
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.utils.files import write_atomically

_FALLBACK = (0.5, 1.0, 1.5)  # discounts where the counts do not give any, as lmplz --discount_fallback has them
_NEVER = -99.0  # log10 of the probability of <s>, which is never predicted

Grams = Dict[Words, Tuple[float, float]]  # n-gram -> its probability, and the weight of its back-off


def read_sentences(path: Union[str, Path]) -> List[Words]:
    """Return the glosses of each sentence of an information file (``.npy``), or of a text file with one a line.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it cannot be read.
    """
    path = Path(path)
    if path.suffix == '.npy':
        return [tuple(entry['glosses']) for entry in read_entries(path, where='language model')]
    if not path.exists():
        raise DataNotFoundError(f"language model: '{path}' does not exist. Name a text or an information file.")
    return [tuple(line.split()) for line in read_text(path).splitlines()]


def train_ngrams(sentences: Iterable[Sequence[str]], order: int) -> List[Grams]:
    """Estimate an interpolated model; its first item has the 1-grams.

    Source: Chen and Goodman, "An empirical study of smoothing techniques for language modeling", 1998, as KenLM's
    ``lmplz`` does it: n-grams that begin with ``<s>`` keep their counts in every order, and 1-grams are
    interpolated with equal probabilities of all words, ``<unk>`` and ``</s>``. Where counts are too few to give
    discounts, they are 0.5, 1 and 1.5.

    Args:
        sentences: Glosses of each; empty ones are left out.
        order: Of the longest n-grams, 1 to 5.

    Raises:
        ConfigError: For another order.
        DataError: If there is no sentence, or one holds a word that ARPA files reserve.
    """
    if order not in range(1, MAX_ORDER + 1):
        raise ConfigError(f'got {order}, expected 1 to {MAX_ORDER}.', path='order')
    counts = _adjusted_counts(_padded(sentences), order)
    words = {word for (word,) in counts[0]} | {UNKNOWN}
    lower: Dict[Words, float] = {(): 1.0 / len(words)}
    model: List[Grams] = []
    weights: Dict[Words, float] = {}
    for grams in counts:
        discounts = _discounts(grams.values())
        totals, taken = Counter(), defaultdict(float)
        for gram, count in grams.items():
            totals[gram[:-1]] += count
            taken[gram[:-1]] += discounts[min(count, 3)]
        weights.update((context, taken[context] / total) for context, total in totals.items())
        probs = {
            gram: (count - discounts[min(count, 3)]) / totals[gram[:-1]] + weights[gram[:-1]] * lower[gram[1:]]
            for gram, count in grams.items()
        }
        if not model:
            probs[(UNKNOWN,)] = weights[()] * lower[()]
        lower = probs
        model.append({gram: (prob, 1.0) for gram, prob in probs.items()})
    model[0][(SENTENCE_START,)] = (0.0, 1.0)
    return [{gram: (prob, weights.get(gram, 1.0)) for gram, (prob, _) in grams.items()} for grams in model]


def write_arpa(model: Sequence[Grams], path: Union[str, Path]) -> None:
    """Write a model as an ARPA file.

    Raises:
        OutputError: If it cannot be written.
    """
    lines = ['\\data\\', *(f'ngram {order}={len(grams)}' for order, grams in enumerate(model, start=1))]
    for order, grams in enumerate(model, start=1):
        lines += ['', f'\\{order}-grams:']
        for gram, (prob, weight) in sorted(grams.items()):
            backoff = '' if weight == 1.0 else f'\t{math.log10(weight):.7g}'
            lines.append(f'{math.log10(prob) if prob else _NEVER:.7g}\t{" ".join(gram)}{backoff}')
    write_atomically(path, '\n'.join([*lines, '', '\\end\\', '']))


def _padded(sentences: Iterable[Sequence[str]]) -> List[Words]:
    padded = [(SENTENCE_START, *sentence, SENTENCE_END) for sentence in sentences if sentence]
    reserved = {word for sentence in padded for word in sentence[1:-1]} & {SENTENCE_START, SENTENCE_END, UNKNOWN}
    if reserved or not padded:
        got = f"the gloss '{min(reserved)}', which ARPA files reserve" if reserved else 'no sentence'
        raise DataError(f'language model: got {got}, expected sentences of glosses.')
    return padded


def _adjusted_counts(sentences: Sequence[Words], order: int) -> List[Dict[Words, int]]:
    """For each order its n-grams' counts; below the highest, in how many different words' company they are."""
    counts: List[Dict[Words, int]] = []
    for length in range(1, order + 1):
        raw = Counter(sentence[i : i + length] for sentence in sentences for i in range(len(sentence) - length + 1))
        raw.pop((SENTENCE_START,), None)
        if counts:
            before = Counter(gram[1:] for gram in raw)
            counts[-1] = {
                gram: count if gram[0] == SENTENCE_START else before[gram] for gram, count in counts[-1].items()
            }
        counts.append(dict(raw))
    return counts


def _discounts(counts: Iterable[int]) -> Tuple[float, float, float, float]:
    """What is taken from counts of 0, of 1, of 2, and of 3 and more."""
    of = Counter(counts)
    if not all(of[count] for count in (1, 2, 3, 4)):
        return (0.0, *_FALLBACK)
    share = of[1] / (of[1] + 2 * of[2])
    found = tuple(count - (count + 1) * share * of[count + 1] / of[count] for count in (1, 2, 3))
    return (0.0, *(found if all(0 < each < count for count, each in enumerate(found, start=1)) else _FALLBACK))
