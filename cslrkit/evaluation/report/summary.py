"""A scored corpus, and the comparison of two, as plain values for a JSON file or a text."""

from typing import Any, Dict, List, Sequence

from cslrkit.errors import DataError
from cslrkit.evaluation.report.bootstrap import bootstrap_wer, paired_bootstrap
from cslrkit.evaluation.report.breakdown import by_length, by_signer, count_confusions, figures
from cslrkit.evaluation.report.corpus import ScoredCorpus, ScoredSentence

Summary = Dict[str, Any]


def summarize(corpus: ScoredCorpus, *, resamples: int = 10_000, seed: int = 0, level: float = 95.0) -> Summary:
    """Gather everything that is reported of a scored corpus.

    Args:
        corpus: From ``score_files``.
        resamples: As for :func:`bootstrap_wer`, like ``seed`` and ``level``.
        seed: Of the draws.
        level: Of the interval, in percent.

    Returns:
        ``settings``, ``notes``, ``metrics`` (percentages and counts), ``interval`` (``low`` and ``high``
        of the WER, with ``level``, ``resamples``, ``seed``), ``by_length`` and ``by_signer`` (lists of
        groups), ``confusions`` (``substituted``, ``deleted``, ``inserted``), ``sentences``.

    Raises:
        ConfigError: For a wrong number of resamples, seed or level.
    """
    total, sentences = corpus.total, corpus.sentences
    low, high = bootstrap_wer(*_columns(sentences), resamples=resamples, seed=seed, level=level)
    wrong = sum(sentence.score.counts.errors > 0 for sentence in sentences)
    return {
        'settings': corpus.settings,
        'notes': corpus.notes,
        'metrics': {
            **figures(total),
            **total.rates,
            'num_sentences': len(sentences),
            'num_missing': sum(sentence.missing for sentence in sentences),
            'sentence_error_rate': 100 * wrong / len(sentences),
        },
        'interval': {'low': low, 'high': high, 'level': level, 'resamples': resamples, 'seed': seed},
        'by_length': by_length(sentences),
        'by_signer': by_signer(sentences),
        'confusions': count_confusions(sentences),
        'sentences': [sentence_record(sentence) for sentence in sentences],
    }


def compare_corpora(
    a: ScoredCorpus, b: ScoredCorpus, *, resamples: int = 10_000, seed: int = 0, level: float = 95.0
) -> Dict[str, Any]:
    """Compare two systems on one reference by a paired bootstrap.

    Args:
        a: Scores of the first system.
        b: Scores of the second one.
        resamples: As for :func:`bootstrap_wer`, like ``seed`` and ``level``.
        seed: Of the draws.
        level: Of the interval, in percent.

    Returns:
        The fields of ``PairedTest``; in how many sentences either has fewer errors
        (``sentences_a_better``, ``sentences_b_better``, ``sentences_equal``); ``level``, ``resamples``, ``seed``.

    Raises:
        ConfigError: For a wrong number of resamples, seed or level.
        DataError: If the sentences differ.
    """
    if [s.sample_id for s in a.sentences] != [s.sample_id for s in b.sentences]:
        raise DataError(
            f"comparison: '{a.settings['hyp']}' and '{b.settings['hyp']}' are scored on other sentences. "
            'Give both the same references.'
        )
    test = paired_bootstrap(*_columns(a.sentences), *_columns(b.sentences), resamples=resamples, seed=seed, level=level)
    pairs = [(one.score.counts.errors, other.score.counts.errors) for one, other in zip(a.sentences, b.sentences)]
    return {
        **test._asdict(),
        'sentences_a_better': sum(one < other for one, other in pairs),
        'sentences_b_better': sum(other < one for one, other in pairs),
        'sentences_equal': sum(one == other for one, other in pairs),
        'level': level,
        'resamples': resamples,
        'seed': seed,
    }


def _columns(sentences: Sequence[ScoredSentence]) -> List[List[int]]:
    """Errors and reference words of each sentence."""
    counts = [sentence.score.counts for sentence in sentences]
    return [[count.errors for count in counts], [count.ref_words for count in counts]]


def sentence_record(sentence: ScoredSentence) -> Dict[str, Any]:
    """Return what is reported of one sentence."""
    score = sentence.score
    return {
        'sample_id': sentence.sample_id,
        'signer': sentence.signer,
        'missing': sentence.missing,
        **figures(score.counts),
        'ref': score.ref,
        'hyp': score.hyp,
        # None for the side that has no word there.
        'alignment': [
            [op, None if ref is None else score.ref[ref], None if hyp is None else score.hyp[hyp]]
            for op, ref, hyp in score.edits
        ],
    }
