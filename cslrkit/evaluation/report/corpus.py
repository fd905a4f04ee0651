"""Pair the sentences of an STM file with the words of a CTM file, and score them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Union

from cslrkit.errors import DataError
from cslrkit.evaluation.functional.ctm import CtmEntry, load_ctm
from cslrkit.evaluation.functional.stm import StmEntry, load_stm
from cslrkit.evaluation.functional.wer import EMPTY, MODES, SentenceScore, WordCounts, score_sentences
from cslrkit.registry import NORMALIZERS
from cslrkit.utils.checks import one_of
from cslrkit.utils.messages import listed

MISSING_RULES = ('empty', 'deleted', 'error')

# What sclite takes for markup rather than letters of a word: optional words, alternatives, the null
# word, a tag after a semicolon, a segment to be left out.
_SCLITE_MARKUP = re.compile(r'\(.*\)|@|[{}]|.*;.*|IGNORE_TIME_SEGMENT_IN_SCORING', re.IGNORECASE)

PathLike = Union[str, Path]


@dataclass(frozen=True)
class ScoredSentence:
    """One sentence of the reference, scored.

    Args:
        sample_id: Which one.
        signer: Who signs, from the STM file.
        score: Counts and alignment.
        missing: Whether the CTM file has no word of it.
    """

    sample_id: str
    signer: str
    score: SentenceScore
    missing: bool = False


@dataclass(frozen=True)
class ScoredCorpus:
    """All sentences of a reference, scored.

    Args:
        sentences: In the order of the STM file.
        settings: Files and rules, for a report.
        notes: What a reader must know to trust the numbers, a sentence each.
    """

    sentences: List[ScoredSentence]
    settings: Dict[str, Any]
    notes: List[str]

    @property
    def total(self) -> WordCounts:
        """Counts of the whole corpus."""
        return sum((sentence.score.counts for sentence in self.sentences), WordCounts())


def score_files(
    ref: PathLike,
    hyp: PathLike,
    *,
    mode: str = 'python',
    normalizer: str = 'none',
    clean_ref: Optional[str] = None,
    merge_repeats: Optional[bool] = None,
    missing: Optional[str] = None,
) -> ScoredCorpus:
    """Score the hypotheses of a CTM file against the references of an STM file.

    Words count in the order of the file; their times are not compared with the reference's.

    Args:
        ref: STM file, one line a sentence.
        hyp: CTM file.
        mode: ``'python'``, the published scorer, or ``'sclite'``, the same counts as NIST's program.
        normalizer: Name of a ``NORMALIZERS`` class, for the words of the hypotheses.
        clean_ref: Clean the references as well, as those of this split; None takes them as they are.
        merge_repeats: Whether repeated neighbours of a hypothesis are merged; by default as published,
            in mode ``'python'`` and not in ``'sclite'``.
        missing: What a sentence counts as of which the CTM file has no word: ``'empty'``, the one word
            ``[EMPTY]``, as the published chain; ``'deleted'``, deletions alone, as sclite on these files;
            ``'error'`` refuses it. By default ``'deleted'`` in mode ``'sclite'`` without a normalizer,
            which is what the program says of the two files, otherwise ``'empty'``.

    Raises:
        ConfigError: For an unknown mode, normalizer or rule.
        DataNotFoundError: If a file does not exist.
        DataError: If a file is malformed, or the two do not belong together.
    """
    one_of('mode', mode, MODES)
    if missing is None:
        missing = 'deleted' if mode == 'sclite' and normalizer == 'none' else 'empty'
    one_of('missing', missing, MISSING_RULES)
    cleaner = NORMALIZERS.build(dict(type=normalizer))
    entries = load_stm(ref)
    if not entries:
        raise DataError(f"STM file: '{ref}' holds no sentence, expected one a line. Prepare the references again.")
    hypotheses = _words_by_sample(load_ctm(hyp), entries, ref=ref, hyp=hyp)
    settings = {
        'ref': str(ref),
        'hyp': str(hyp),
        'mode': mode,
        'normalizer': normalizer,
        'clean_ref': clean_ref,
        'merge_repeats': mode == 'python' if merge_repeats is None else merge_repeats,
        'missing': missing,
    }
    notes = list(_notes(hypotheses, entries, cleaner, settings))
    sentences = _score(entries, hypotheses, cleaner, settings)
    corpus = ScoredCorpus(sentences, settings, notes)
    if not corpus.total.ref_words:
        raise DataError(f"STM file: '{ref}': its {len(entries)} sentences hold no word. Is the text column missing?")
    return corpus


def _score(
    entries: Sequence[StmEntry], hypotheses: Mapping[str, Sequence[str]], cleaner: Any, settings: Mapping[str, Any]
) -> List[ScoredSentence]:
    refs, hyps = [], []
    for entry in entries:
        ref = list(entry.words)
        if settings['clean_ref'] is not None:
            ref = list(cleaner.reference(ref, split=settings['clean_ref']))
        words = [word for word in map(cleaner.hypothesis_word, hypotheses.get(entry.sample_id, ())) if word]
        if settings['mode'] == 'sclite':
            _check_markup(entry.sample_id, (*ref, *words))
        refs.append(ref)
        hyps.append(words)
    rules = dict(mode=settings['mode'], merge=settings['merge_repeats'])
    scores = score_sentences(refs, hyps, **rules)
    is_missing = [entry.sample_id not in hypotheses for entry in entries]
    if settings['missing'] == 'deleted':
        absent = [index for index, missing in enumerate(is_missing) if missing]
        deleted = score_sentences([refs[index] for index in absent], [()] * len(absent), empty_word=None, **rules)
        for index, score in zip(absent, deleted):
            scores[index] = score
    return [ScoredSentence(e.sample_id, e.signer, *scored) for e, *scored in zip(entries, scores, is_missing)]


def _words_by_sample(
    words: Sequence[CtmEntry], entries: Sequence[StmEntry], *, ref: PathLike, hyp: PathLike
) -> Dict[str, List[str]]:
    """Words of each sample in order, checked to belong to the sentences of the reference."""
    if not words:
        raise DataError(f"CTM file: '{hyp}' holds no word, expected hypotheses. Did decoding write to another file?")
    channels = {entry.sample_id: entry.channel for entry in entries}
    unknown = list(dict.fromkeys(word.sample_id for word in words if word.sample_id not in channels))
    if unknown:
        raise DataError(
            f"CTM file: '{hyp}' has words of {len(unknown)} samples that '{ref}' does not have: {listed(unknown, 5)}. "
            'Are both of one split? Give the STM file of the same sentences.'
        )
    hypotheses: Dict[str, List[str]] = {}
    for word in words:
        if word.channel != channels[word.sample_id]:
            raise DataError(
                f"CTM file: '{hyp}': sample '{word.sample_id}': got channel {word.channel!r}, expected "
                f"{channels[word.sample_id]!r} as in '{ref}'. Is a column missing?"
            )
        hypotheses.setdefault(word.sample_id, []).append(word.word)
    return hypotheses


def _notes(
    hypotheses: Mapping[str, Sequence[str]], entries: Sequence[StmEntry], cleaner: Any, settings: Mapping[str, Any]
) -> Iterator[str]:
    """Say which sentences are missing, and if hypotheses are cleaned and references look as if they should be."""
    absent = [entry.sample_id for entry in entries if entry.sample_id not in hypotheses]
    if absent:
        finding = f"'{settings['hyp']}' has no word of {len(absent)} of {len(entries)} sentences ({listed(absent, 5)})"
        if settings['missing'] == 'error':
            raise DataError(f'CTM file: {finding}. Decode them, too, or let them count as empty.')
        rule = f"the one word '{EMPTY}'" if settings['missing'] == 'empty' else 'deletions'
        yield f'{finding}; they count as {rule}.'
    if settings['clean_ref'] is not None:
        return
    changed = sum(list(cleaner.reference(entry.words, split='dev')) != list(entry.words) for entry in entries)
    if changed:
        yield (
            f"the normalizer '{settings['normalizer']}' would change {changed} of {len(entries)} references of "
            f"'{settings['ref']}', which are taken as they are. If they are raw labels, have them cleaned by clean_ref "
            '(--clean-ref).'
        )


def _check_markup(sample_id: str, words: Sequence[str]) -> None:
    for word in words:
        if _SCLITE_MARKUP.fullmatch(word):
            raise DataError(
                f"sample '{sample_id}': got the word {word!r}, which sclite reads as markup, so its counts would be "
                "others. Rename the gloss, or use mode 'python'."
            )
