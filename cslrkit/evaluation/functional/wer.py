"""Word error counts of a sentence and of a corpus, in the published way and in sclite's."""

import string
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Dict, Iterable, List, Optional, Sequence

from cslrkit.evaluation.functional.alignment import Edit, align_sentences
from cslrkit.utils.checks import one_of

MODES = ('python', 'sclite')
EMPTY = '[EMPTY]'

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True)
class WordCounts:
    """Counts that add up over sentences; percentages are of the reference words.

    Args:
        substitutions: Reference words that became another word.
        deletions: Reference words without a counterpart.
        insertions: Hypothesis words without a counterpart.
        errors: All of them; the published scorer counts a few fewer where words are asterisks.
        ref_words: Reference words.
        hyp_words: Hypothesis words that were scored.
    """

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    errors: int = 0
    ref_words: int = 0
    hyp_words: int = 0

    def __add__(self, other: 'WordCounts') -> 'WordCounts':
        return WordCounts(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def correct(self) -> int:
        """Reference words that were found."""
        return self.hyp_words - self.substitutions - self.insertions

    @property
    def wer(self) -> float:
        """Word error rate in percent."""
        return self.percent(self.errors)

    @property
    def rates(self) -> Dict[str, float]:
        """``wer``, ``sub``, ``del`` and ``ins`` in percent of the reference words."""
        names = {'wer': self.errors, 'sub': self.substitutions, 'del': self.deletions, 'ins': self.insertions}
        return {name: self.percent(count) for name, count in names.items()}

    def percent(self, count: int) -> float:
        """``count`` in percent of the reference words.

        Raises:
            ZeroDivisionError: If there are none.
        """
        return count / self.ref_words * 100


@dataclass(frozen=True)
class SentenceScore:
    """One sentence, scored.

    Args:
        counts: What was counted.
        edits: The alignment of ``ref`` with ``hyp``.
        ref: Reference words as compared.
        hyp: Hypothesis words as compared: merged, and ``[EMPTY]`` where there were none.
    """

    counts: WordCounts
    edits: List[Edit]
    ref: List[str]
    hyp: List[str]


def merge_repeats(words: Iterable[str]) -> List[str]:
    """Drop words that repeat the one before.

    Examples:
        >>> merge_repeats(['A', 'A', 'B', 'A'])
        ['A', 'B', 'A']
    """
    return [word for word, _ in groupby(words)]


def lower_ascii(word: str) -> str:
    """Return the word with ASCII letters in lower case, which sclite takes for the same as upper case."""
    return word.translate(_LOWER)


def score_sentence(ref: Sequence[str], hyp: Sequence[str], **options: Any) -> SentenceScore:
    """Align and count one sentence; options as for :func:`score_sentences`.

    Examples:
        >>> counts = score_sentence(['A', 'B', 'C'], ['A', 'A', 'C']).counts
        >>> counts.deletions, counts.ref_words
        (1, 3)
    """
    return score_sentences([ref], [hyp], **options)[0]


def score_sentences(
    refs: Sequence[Sequence[str]],
    hyps: Sequence[Sequence[str]],
    *,
    mode: str = 'python',
    merge: Optional[bool] = None,
    empty_word: Optional[str] = EMPTY,
) -> List[SentenceScore]:
    """Align and count many sentences, which is faster than one by one.

    An empty hypothesis is scored as the one word ``[EMPTY]``, as the published tool chain does,
    unless ``empty_word`` says otherwise.

    Args:
        refs: Reference words of each sentence.
        hyps: Hypothesis words of each sentence, after normalization.
        mode: ``'python'``, the published Python scorer, or ``'sclite'``, which ignores the case of
            ASCII letters and decides equal costs differently. sclite's markup in words (``{ / }``,
            ``(word)``, ``@``, ``;``) has no meaning here.
        merge: Whether to merge repeated neighbours of the hypothesis first; by default the
            published way, in mode ``'python'`` only.
        empty_word: What stands for an empty hypothesis; None scores it as deletions alone, as sclite
            does where a CTM file has no word of a sentence.

    Raises:
        ConfigError: If the mode is unknown.
    """
    one_of('mode', mode, MODES)
    refs = [list(ref) for ref in refs]
    hyps = [list(hyp) or ([] if empty_word is None else [empty_word]) for hyp in hyps]
    if mode == 'python' if merge is None else merge:
        hyps = [merge_repeats(hyp) for hyp in hyps]
    if mode == 'sclite':
        refs, hyps = ([list(map(lower_ascii, words)) for words in side] for side in (refs, hyps))
    edits = align_sentences(refs, hyps, prefer='insertion' if mode == 'sclite' else 'deletion')
    return [SentenceScore(count_edits(*pair, mode), pair[2], pair[0], pair[1]) for pair in zip(refs, hyps, edits)]


def count_edits(ref: Sequence[str], hyp: Sequence[str], edits: List[Edit], mode: str) -> WordCounts:
    """Count the edits of an aligned sentence as a mode of :func:`score_sentences` does."""
    ops = [edit.op for edit in edits]
    sub, dele, ins = ops.count('S'), ops.count('D'), ops.count('I')
    errors, ref_words = sub + dele + ins, len(ref)
    if mode == 'python' and any('*' in word for word in (*ref, *hyp)):
        errors, ref_words = errors - _starred_gaps(ref, hyp, edits), sum('*' not in word for word in ref)
    return WordCounts(sub, dele, ins, errors, ref_words, len(hyp))


def _starred_gaps(ref: Sequence[str], hyp: Sequence[str], edits: List[Edit]) -> int:
    """Deletions and insertions that the published scorer overlooks.

    It fills gaps with as many asterisks as the word has letters, counts the pairs that differ,
    and takes reference words with an asterisk for gaps.
    """
    gaps = [ref[edit.ref] if edit.op == 'D' else hyp[edit.hyp] for edit in edits if edit.op in 'DI']
    return sum(word == '*' * len(word) for word in gaps)
