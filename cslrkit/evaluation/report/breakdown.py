"""Where the errors of a scored corpus are: by sentence length, by signer, by gloss and its frequency."""

from bisect import bisect_right
from collections import Counter
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

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
    pairs = [(_first_of(LENGTHS, len(sentence.score.ref)), sentence.score.counts) for sentence in sentences]
    return _grouped(pairs, lambda first: _name_of(LENGTHS, first))


def by_signer(sentences: Sequence[ScoredSentence]) -> List[Group]:
    """Group sentences by signer, in the order of their names."""
    return _grouped([(sentence.signer, sentence.score.counts) for sentence in sentences], str)


def by_frequency(sentences: Sequence[ScoredSentence], occurrences: Mapping[str, int]) -> List[Group]:
    """Group words by how often their gloss occurs elsewhere, e.g. in training: 0, 1, 2-4, ..., 1000+.

    A substitution and a deletion count for the gloss of the reference, an insertion for the gloss
    that was inserted; ``num_sentences`` of a group counts those that hold a word of it.

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


def _first_of(firsts: Sequence[int], value: int) -> int:
    """First value of the group that ``value`` is in."""
    return firsts[bisect_right(firsts, value) - 1]


def _name_of(firsts: Sequence[int], first: int) -> str:
    following = firsts[firsts.index(first) + 1 :]
    if not following:
        return f'{first}+'
    return str(first) if following[0] == first + 1 else f'{first}-{following[0] - 1}'


def _grouped(pairs: Sequence[Tuple[Any, WordCounts]], name_of: Callable[[Any], str]) -> List[Group]:
    groups: Dict[Any, List[WordCounts]] = {}
    for key, counts in pairs:
        groups.setdefault(key, []).append(counts)
    return [
        {'name': name_of(key), 'num_sentences': len(groups[key]), **figures(sum(groups[key], WordCounts()))}
        for key in sorted(groups)
    ]
