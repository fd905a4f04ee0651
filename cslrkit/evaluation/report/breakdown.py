"""Where the errors of a scored corpus are: by sentence length, by signer, by gloss and its frequency."""

from bisect import bisect_right
from collections import Counter
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from cslrkit.evaluation.functional.wer import EMPTY, WordCounts
from cslrkit.evaluation.report.corpus import ScoredSentence

# The first of each group.
LENGTHS = (0, 1, 6, 11, 16, 21, 26)  # reference words; longer sentences are rare in the corpora
FREQUENCIES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

_EDIT_COUNTS = {
    'C': WordCounts(ref_words=1, hyp_words=1),
    'S': WordCounts(substitutions=1, errors=1, ref_words=1, hyp_words=1),
    'D': WordCounts(deletions=1, errors=1, ref_words=1),
    'I': WordCounts(insertions=1, errors=1, hyp_words=1),
}

Group = Dict[str, Any]  # `name`, `num_sentences` and the figures of its words


def figures(counts: WordCounts) -> Dict[str, Any]:
    """Return counts by the names of the JSON file; ``wer`` is None where the references hold no word."""
    return {
        'wer': counts.wer if counts.ref_words else None,
        'errors': counts.errors,
        'substitutions': counts.substitutions,
        'deletions': counts.deletions,
        'insertions': counts.insertions,
        'num_words': counts.ref_words,
    }


def by_length(sentences: Sequence[ScoredSentence]) -> List[Group]:
    """Group sentences by the number of reference words: 0, 1-5, 6-10, ..., 26+."""
    return _grouped([(_bin(LENGTHS, len(sentence.score.ref)), sentence.score.counts) for sentence in sentences])


def by_signer(sentences: Sequence[ScoredSentence]) -> List[Group]:
    """Group sentences by signer, in the order of their names."""
    return _grouped([((sentence.signer, sentence.signer), sentence.score.counts) for sentence in sentences])


def by_frequency(sentences: Sequence[ScoredSentence], occurrences: Mapping[str, int]) -> List[Group]:
    """Group words by how often their gloss occurs elsewhere, e.g. in training: 0, 1, 2-4, ..., 1000+.

    A substitution and a deletion count for the gloss of the reference, an insertion for the gloss
    that was inserted; ``num_sentences`` of a group counts those that hold a word of it.

    Args:
        sentences: As for :func:`by_length`.
        occurrences: Of each gloss; one that is absent occurs never.
    """
    pairs: List[Tuple[Any, WordCounts]] = []
    for sentence in sentences:
        within: Dict[Any, WordCounts] = {}
        for edit in sentence.score.edits:
            word = sentence.score.hyp[edit.hyp] if edit.ref is None else sentence.score.ref[edit.ref]
            key = _bin(FREQUENCIES, occurrences.get(word, 0))
            within[key] = within.get(key, WordCounts()) + _EDIT_COUNTS[edit.op]
        pairs += within.items()
    return _grouped(pairs)


def count_confusions(sentences: Sequence[ScoredSentence]) -> Dict[str, List[Dict[str, Any]]]:
    """Count what was ``substituted``, ``deleted`` and ``inserted`` by gloss, most often first.

    The word that stands for an empty hypothesis counts as no gloss: what it replaced is deleted.
    """
    counters: Dict[str, Counter] = {'substituted': Counter(), 'deleted': Counter(), 'inserted': Counter()}
    for sentence in sentences:
        ref, hyp = sentence.score.ref, sentence.score.hyp
        for edit in sentence.score.edits:
            said = None if edit.hyp is None or hyp[edit.hyp].upper() == EMPTY else hyp[edit.hyp]
            if edit.op == 'S' and said is not None:
                counters['substituted'][ref[edit.ref], said] += 1
            elif edit.op in 'SD':
                counters['deleted'][(ref[edit.ref],)] += 1
            elif edit.op == 'I' and said is not None:
                counters['inserted'][(said,)] += 1
    return {
        kind: [
            {**dict(zip(('ref', 'hyp') if kind == 'substituted' else ('gloss',), glosses)), 'count': count}
            for glosses, count in sorted(counter.items(), key=lambda item: (-item[1], item[0]))
        ]
        for kind, counter in counters.items()
    }


def _bin(firsts: Sequence[int], value: int) -> Tuple[int, str]:
    """First value of the group that ``value`` is in, and the name of the group."""
    place = bisect_right(firsts, value)
    first = firsts[place - 1]
    if place == len(firsts):
        return first, f'{first}+'
    last = firsts[place] - 1
    return first, str(first) if last == first else f'{first}-{last}'


def _grouped(pairs: Sequence[Tuple[Tuple[Any, str], WordCounts]]) -> List[Group]:
    """Sum the counts of each group; its key is what groups are ordered by, and its name."""
    groups: Dict[Tuple[Any, str], List[WordCounts]] = {}
    for key, counts in pairs:
        groups.setdefault(key, []).append(counts)
    return [
        {'name': key[1], 'num_sentences': len(groups[key]), **figures(sum(groups[key], WordCounts()))}
        for key in sorted(groups)
    ]
