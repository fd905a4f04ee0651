"""Protocols of scoring: what is done to hypotheses and references before words are counted."""

import re
from itertools import groupby
from typing import Callable, Dict, List, Sequence

from cslrkit.evaluation.functional.normalizers import clean_text

_MARK = re.compile(r'(?<!\S)__\S*__(?!\S)')


def slrt_words(words: Sequence[str]) -> List[str]:
    """Return the words that the SLRT family scores for a sentence, be it a hypothesis or a reference.

    The sentence as a whole goes through PHOENIX 2014's clean-up (marks of location and classifier, spelled letters),
    words such as ``__ON__`` are dropped, letters lose their case, and equal neighbours are merged.

    Source: what FangyunWei/SLRT 38a4f7b, sutwangyan/MSKA e7d5610 and xhonghu/SignDAGC-master 5baad5f do to both
    sides; which of it they do differs by corpus, where its glosses have none of the rest.

    Examples:
        >>> slrt_words(['__ON__', 'loc-NORD', 'A', 'B', 'REGEN', 'REGEN'])
        ['nord', 'a+b', 'regen']
    """
    text = clean_text(f' {_MARK.sub("", " ".join(words))}')
    return [word for word, _ in groupby(text.lower().split())]


def stm_words(words: Sequence[str]) -> List[str]:
    """Return the words as they are: references are scored as they were published."""
    return list(words)


PROTOCOLS: Dict[str, Callable[[Sequence[str]], List[str]]] = {'stm': stm_words, 'slrt': slrt_words}
