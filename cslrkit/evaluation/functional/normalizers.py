"""Clean-up of words before they are scored."""

import re
from functools import lru_cache
from typing import List, Sequence

from cslrkit.registry import NORMALIZERS

# The rules of the corpus's own evaluation, in order; it deletes a line that still holds one of
# `_DROPPED`. Letters are ASCII there, and spaces count: they keep fields of a line apart.
_SPELLED = r'([ +][A-Z]) ([A-Z][ +])'
_REPEATED = r'(?<![\w-])(\b[A-Z]+(?![\w-])) \1(?![\w-])'
_PHOENIX_2014 = [
    (re.compile(pattern, re.ASCII), replacement)
    for pattern, replacement in [
        (r'loc-', ''),
        (r'cl-', ''),
        (r'qu-', ''),
        (r'poss-', ''),
        (r'lh-', ''),
        (r'S0NNE', 'SONNE'),
        (r'HABEN2', 'HABEN'),
        (r'__EMOTION__', ''),
        (r'__PU__', ''),
        (r'__LEFTHAND__', ''),
        (r'WIE AUSSEHEN', 'WIE-AUSSEHEN'),
        (r'ZEIGEN ', 'ZEIGEN-BILDSCHIRM '),
        (r'ZEIGEN\Z', 'ZEIGEN-BILDSCHIRM'),
        (r'\A([A-Z]) ([A-Z][+ ])', r'\1+\2'),
        (r'[ +]([A-Z]) ([A-Z]) ', r' \1+\2 '),
        *[(_SPELLED, r'\1+\2')] * 3,
        (r'([ +]SCH) ([A-Z][ +])', r'\1+\2'),
        (r'([ +]NN) ([A-Z][ +])', r'\1+\2'),
        (r'([ +][A-Z]) (NN[ +])', r'\1+\2'),
        (r'([ +][A-Z]) ([A-Z])\Z', r'\1+\2'),
        (r'([A-Z][A-Z])RAUM', r'\1'),
        (r'-PLUSPLUS', ''),
        *[(_REPEATED, r'\1')] * 4,
    ]
]
_DROPPED = ('__LEFTHAND__', '__EPENTHESIS__', '__EMOTION__')


@NORMALIZERS.register_module(name='none')
class NoNormalizer:
    """Leaves words as they are."""

    def hypothesis_word(self, word: str) -> str:
        """Return the word that is scored for a word of a hypothesis; empty if it is dropped."""
        return word

    def reference(self, words: Sequence[str], *, split: str) -> List[str]:
        """Return the words that a label of the corpus is scored as."""
        return list(words)


@NORMALIZERS.register_module(name='phoenix2014')
class Phoenix2014Normalizer:
    """The clean-up of RWTH-PHOENIX-Weather 2014's evaluation.

    It removes marks of location, classifier, possessive and the like, and spells some glosses
    alike. Hypotheses come one word a line, so its rules for neighbouring words (spelled letters,
    repeats) never act on them. The corpus's ground truth was made in the same way for dev and
    test, and from whole sentences with repeats merged for train.

    Source: ``preprocess.sh`` of the corpus, also in VIPL-SLP/VAC_CSLR ``evaluation/slr_eval``.
    """

    def hypothesis_word(self, word: str) -> str:
        """Return the word that is scored for a word of a hypothesis; empty if it is dropped.

        Examples:
            >>> normalizer = Phoenix2014Normalizer()
            >>> [normalizer.hypothesis_word(w) for w in ('loc-ALPENRAUM', 'ZEIGEN', '__PU__')]
            ['ALPEN', 'ZEIGEN-BILDSCHIRM', '']
        """
        return _clean_line(f' {word}').strip()

    def reference(self, words: Sequence[str], *, split: str) -> List[str]:
        """Return the words that a label of the corpus is scored as: the ground truth of ``split``."""
        if split == 'train':
            return _clean_line(' ' + ' '.join(words)).split()
        return [clean for clean in map(self.hypothesis_word, words) if clean]


@lru_cache(maxsize=1 << 16)  # a corpus has far fewer words, and each comes often
def _clean_line(line: str) -> str:
    line = clean_text(line)
    return '' if any(mark in line for mark in _DROPPED) else line


def clean_text(text: str) -> str:
    """Apply PHOENIX 2014's rules, in order, to a sentence; a space stands before its first word."""
    for pattern, replacement in _PHOENIX_2014:
        text = pattern.sub(replacement, text)
    return text
