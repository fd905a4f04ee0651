"""Times scoring against a word error rate written plainly in Python, a sentence at a time."""

import argparse
import random
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from benchmarks.alternate import alternate, report
from cslrkit.errors import ConfigError
from cslrkit.evaluation.functional import score_sentences
from cslrkit.evaluation.functional.alignment import DELETION_COST, INSERTION_COST, SUBSTITUTION_COST
from cslrkit.evaluation.report import bootstrap_wer

SENTENCES = dict(test=629, train=5671)  # of PHOENIX 2014, about 11 glosses each
_RESAMPLES = 10_000

Sentences = List[List[str]]


def plain_errors(ref: Sequence[str], hyp: Sequence[str]) -> int:
    """Errors of the cheapest alignment, by a table of costs and errors filled in two nested loops.

    Of equal costs a substitution goes first, then a deletion, as in the published scorer.

    Args:
        ref: Reference words.
        hyp: Hypothesis words.
    """
    table = [[(0, 0)] * (len(hyp) + 1) for _ in range(len(ref) + 1)]  # cost, errors
    for i in range(1, len(ref) + 1):
        table[i][0] = (DELETION_COST * i, i)
    for j in range(1, len(hyp) + 1):
        table[0][j] = (INSERTION_COST * j, j)
    for i in range(1, len(ref) + 1):
        for j in range(1, len(hyp) + 1):
            if ref[i - 1] == hyp[j - 1]:
                table[i][j] = table[i - 1][j - 1]
                continue
            ways = (
                (table[i - 1][j - 1], SUBSTITUTION_COST),
                (table[i - 1][j], DELETION_COST),
                (table[i][j - 1], INSERTION_COST),
            )
            (cost, errors), step = min(ways, key=lambda way: way[0][0] + way[1])
            table[i][j] = (cost + step, errors + 1)
    return table[-1][-1][1]


def plain_interval(errors: Sequence[int], words: Sequence[int]) -> Tuple[float, float]:
    """The bootstrap interval of a word error rate, one draw of sentences at a time.

    Args:
        errors: Of each sentence.
        words: Reference words of each sentence.
    """
    generator = np.random.default_rng(0)
    errors, words = np.asarray(errors), np.asarray(words)
    rates = []
    for _ in range(_RESAMPLES):
        drawn = generator.integers(0, len(errors), len(errors))
        rates.append(100 * errors[drawn].sum() / words[drawn].sum())
    low, high = np.quantile(rates, [0.025, 0.975])
    return float(low), float(high)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark: it has none of its own."""


def run(args: argparse.Namespace) -> None:
    """Time as many sentences as PHOENIX 2014 has."""
    for split in ('test',) if args.short else tuple(SENTENCES):
        compare(SENTENCES[split], rounds=args.rounds)


def compare(count: int, *, rounds: int) -> List[Dict[str, Any]]:
    """Time both on the same sentences, in turn; their figures must be the same.

    Args:
        count: Number of sentences.
        rounds: Timed runs of each.

    Returns:
        What the reports of the alignment and of the interval say.

    Raises:
        ConfigError: If the figures differ.
    """
    refs, hyps = make_sentences(count)
    scores = [score.counts for score in score_sentences(refs, hyps, merge=False)]
    errors, words = [counts.errors for counts in scores], [counts.ref_words for counts in scores]
    plain = [plain_errors(*pair) for pair in zip(refs, hyps)]
    intervals = plain_interval(plain, words), bootstrap_wer(errors, words, resamples=_RESAMPLES)
    if plain != errors or not np.allclose(*intervals, rtol=1e-9):
        raise ConfigError('benchmark: score_sentences and plain loops found different figures; nothing was timed.')
    rows = {
        'alignment': (
            lambda: [plain_errors(*pair) for pair in zip(refs, hyps)],
            lambda: score_sentences(refs, hyps, merge=False),
        ),
        f'interval from {_RESAMPLES} draws': (
            lambda: plain_interval(errors, words),
            lambda: bootstrap_wer(errors, words, resamples=_RESAMPLES),
        ),
    }
    return [
        report(
            alternate(plain, {row: ours}, rounds=rounds)[row],
            benchmark='score',
            row=f'{row}, {count} sentences',
            wer=round(100 * sum(errors) / sum(words), 2),
        )
        for row, (plain, ours) in rows.items()
    ]


def make_sentences(count: int, *, seed: int = 0) -> Tuple[Sentences, Sentences]:
    """Random references of 4 to 18 glosses, and hypotheses with about a fifth of errors.

    Args:
        count: How many.
        seed: Of the draws.
    """
    generator = random.Random(seed)
    vocab = [f'GLOSS{index}' for index in range(1295)]
    refs = [generator.choices(vocab, k=generator.randint(4, 18)) for _ in range(count)]
    hyps = []
    for ref in refs:
        hyp = []
        for word in ref:
            kind = generator.random()
            hyp += [] if kind < 0.07 else [generator.choice(vocab)] if kind < 0.14 else [word]
            hyp += [generator.choice(vocab)] if kind > 0.95 else []
        hyps.append(hyp or [vocab[0]])
    return refs, hyps
