"""Where the errors of a scored corpus are: by sentence length, by signer, by gloss and its frequency."""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from cslrkit.evaluation.functional.wer import EMPTY, WordCounts
from cslrkit.evaluation.report.corpus import ScoredSentence

# The first of each group.
LENGTHS = (0, 1, 6, 11, 16, 21, 26)  # reference words; longer sentences are rare in the corpora
FREQUENCIES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True)
class GroupScore:
    """Counts of a group of sentences.

    Args:
        name: What they have in common.
        sentences: How many.
        counts: Summed over them.
    """

    name: str
    sentences: int
    counts: WordCounts

    @property
    def wer(self) -> Optional[float]:
        """Word error rate in percent; None where the references hold no word."""
        return self.counts.wer if self.counts.ref_words else None


@dataclass(frozen=True)
class Confusions:
    """How often glosses were taken for others, missed and made up, most often first.

    Args:
        substituted: Gloss of the reference and gloss of the hypothesis.
        deleted: Gloss of the reference.
        inserted: Gloss of the hypothesis.
    """

    substituted: List[Tuple[Tuple[str, str], int]]
    deleted: List[Tuple[str, int]]
    inserted: List[Tuple[str, int]]


def by_length(sentences: Sequence[ScoredSentence]) -> List[GroupScore]:
    """Group sentences by the number of reference words: 0, 1-5, 6-10, ..., 26+."""
    pairs = [(_first_of(LENGTHS, len(sentence.score.ref)), sentence.score.counts) for sentence in sentences]
    return _grouped(pairs, lambda first: _name_of(LENGTHS, first))


def by_signer(sentences: Sequence[ScoredSentence]) -> List[GroupScore]:
    """Group sentences by signer, in the order of their names."""
    return _grouped([(sentence.signer, sentence.score.counts) for sentence in sentences], str)


def by_frequency(sentences: Sequence[ScoredSentence], occurrences: Mapping[str, int]) -> List[GroupScore]:
    """Group words by how often their gloss occurs elsewhere, e.g. in training: 0, 1, 2-4, ..., 1000+.

    A substitution and a deletion count for the gloss of the reference, an insertion for the gloss
    that was inserted; ``sentences`` of a group counts those that hold a word of it.

    Args:
        sentences: As for :func:`by_length`.
        occurrences: Of each gloss; one that is absent occurs never.
    """
    pairs: List[Tuple[int, WordCounts]] = []
    for sentence in sentences:
        within: Dict[int, WordCounts] = {}
        for edit in sentence.score.edits:
            word = sentence.score.hyp[edit.hyp] if edit.ref is None else sentence.score.ref[edit.ref]
            first = _first_of(FREQUENCIES, occurrences.get(word, 0))
            within[first] = within.get(first, WordCounts()) + _EDIT_COUNTS[edit.op]
        pairs += within.items()
    return _grouped(pairs, lambda first: _name_of(FREQUENCIES, first))


def count_confusions(sentences: Sequence[ScoredSentence]) -> Confusions:
    """Count substitutions, deletions and insertions by gloss.

    The word that stands for an empty hypothesis counts as no gloss: what it replaced is deleted.
    """
    substituted, deleted, inserted = Counter(), Counter(), Counter()
    for sentence in sentences:
        ref, hyp = sentence.score.ref, sentence.score.hyp
        for edit in sentence.score.edits:
            said = None if edit.hyp is None or hyp[edit.hyp].upper() == EMPTY else hyp[edit.hyp]
            if edit.op == 'S' and said is not None:
                substituted[ref[edit.ref], said] += 1
            elif edit.op in 'SD':
                deleted[ref[edit.ref]] += 1
            elif edit.op == 'I' and said is not None:
                inserted[said] += 1
    return Confusions(_ranked(substituted), _ranked(deleted), _ranked(inserted))


_EDIT_COUNTS = {
    'C': WordCounts(ref_words=1, hyp_words=1),
    'S': WordCounts(substitutions=1, errors=1, ref_words=1, hyp_words=1),
    'D': WordCounts(deletions=1, errors=1, ref_words=1),
    'I': WordCounts(insertions=1, errors=1, hyp_words=1),
}


def _first_of(firsts: Sequence[int], value: int) -> int:
    """First value of the group that ``value`` is in."""
    return firsts[bisect_right(firsts, value) - 1]


def _name_of(firsts: Sequence[int], first: int) -> str:
    following = firsts[firsts.index(first) + 1 :]
    if not following:
        return f'{first}+'
    return str(first) if following[0] == first + 1 else f'{first}-{following[0] - 1}'


def _grouped(pairs: Sequence[Tuple[Any, WordCounts]], name_of: Callable[[Any], str]) -> List[GroupScore]:
    groups: Dict[Any, List[WordCounts]] = {}
    for key, counts in pairs:
        groups.setdefault(key, []).append(counts)
    return [GroupScore(name_of(key), len(groups[key]), sum(groups[key], WordCounts())) for key in sorted(groups)]


def _ranked(counter: Counter) -> List[Tuple]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))
