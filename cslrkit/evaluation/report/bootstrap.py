"""Bootstrap over sentences: how far a word error rate, or a difference of two, depends on the sample."""

from typing import NamedTuple, Sequence, Tuple

import numpy as np

from cslrkit.errors import ConfigError

_CHUNK = 1 << 16  # drawn sentences held at a time: few enough for the cache


class PairedTest(NamedTuple):
    """How the word error rate of system B differs from that of system A on the same sentences.

    Args:
        difference: WER of B minus WER of A, in percent points; negative where B is better.
        low: Lower end of its interval.
        high: Upper end of its interval.
        prob_b_better: Share of resamples in which B has the lower WER; ties count half.
        p_value: Two-sided: twice the smaller share of resamples in which the difference is at most
            or at least zero, never below one in the number of resamples.
    """

    difference: float
    low: float
    high: float
    prob_b_better: float
    p_value: float


def bootstrap_wer(
    errors: Sequence[int], words: Sequence[int], *, resamples: int = 10_000, seed: int = 0, level: float = 95.0
) -> Tuple[float, float]:
    """Return the percentile interval of a corpus's word error rate.

    Sentences are drawn with replacement, as many as there are; errors and reference words of what
    was drawn are summed before they are divided. A draw without any reference word is left out.

    Source: Bisani and Ney, Bootstrap estimates for confidence intervals in ASR performance
    evaluation, ICASSP 2004.

    Args:
        errors: Errors of each sentence.
        words: Reference words of each sentence.
        resamples: How many times sentences are drawn.
        seed: Of the draws; the same seed gives the same interval.
        level: In percent.

    Shape:
        errors, words: (number of sentences,).

    Returns:
        Lower and upper end, in percent.

    Raises:
        ConfigError: For a wrong number of resamples, seed or level.
    """
    sums = _resampled_sums(np.stack([errors, words], axis=1), resamples, seed)
    return _interval(100 * sums[:, 0] / sums[:, 1], level)


def paired_bootstrap(
    errors_a: Sequence[int],
    words_a: Sequence[int],
    errors_b: Sequence[int],
    words_b: Sequence[int],
    *,
    resamples: int = 10_000,
    seed: int = 0,
    level: float = 95.0,
) -> PairedTest:
    """Compare two systems on the same sentences: both are scored on each draw.

    Source: as :func:`bootstrap_wer`; ``prob_b_better`` is its probability of improvement.

    Args:
        errors_a: Errors of system A, sentence by sentence.
        words_a: Reference words; the same for both but for words that hold an asterisk.
        errors_b: Errors of system B, in the same order.
        words_b: Reference words.
        resamples: As for :func:`bootstrap_wer`, like ``seed`` and ``level``.
        seed: Of the draws.
        level: In percent.

    Raises:
        ConfigError: For a wrong number of resamples, seed or level.
    """
    columns = np.stack([errors_a, words_a, errors_b, words_b], axis=1)
    drawn, total = (
        100 * (sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1])
        for sums in (_resampled_sums(columns, resamples, seed), columns.sum(axis=0, keepdims=True))
    )
    below, above = np.count_nonzero(drawn < 0), np.count_nonzero(drawn > 0)
    ties = len(drawn) - below - above
    one_sided = max(min(below, above) + ties, 0.5)
    return PairedTest(
        float(total[0]),
        *_interval(drawn, level),
        prob_b_better=(below + ties / 2) / len(drawn),
        p_value=min(1.0, 2 * one_sided / len(drawn)),
    )


def _interval(drawn: np.ndarray, level: float) -> Tuple[float, float]:
    """Ends of the middle ``level`` percent."""
    if not 0 < level < 100:
        raise ConfigError(f'got {level}, expected a percentage between 0 and 100, such as 95.', path='level')
    tail = (1 - level / 100) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def _resampled_sums(columns: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Column sums of each draw of rows that has words (odd columns), (draws, number of columns)."""
    if resamples < 1:
        raise ConfigError(f'got {resamples}, expected 1, 2, ... (10000 is usual).', path='resamples')
    if seed < 0:
        raise ConfigError(f'got {seed}, expected 0, 1, ...', path='seed')
    each = [np.ascontiguousarray(column) for column in columns.T]
    generator, step = np.random.default_rng(seed), max(1, _CHUNK // len(columns))
    parts = []
    for start in range(0, resamples, step):
        rows = generator.integers(0, len(columns), (min(step, resamples - start), len(columns)))
        parts.append(np.stack([column[rows].sum(axis=1) for column in each], axis=1))
    sums = np.concatenate(parts)
    sums = sums[(sums[:, 1::2] > 0).all(axis=1)]
    if not len(sums):
        raise ConfigError(
            f'got {resamples}, but no sentence that was drawn has a reference word. Draw more often.', path='resamples'
        )
    return sums
