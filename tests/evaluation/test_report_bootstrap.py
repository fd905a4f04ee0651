import numpy as np
import pytest

from cslrkit.errors import ConfigError
from cslrkit.evaluation.report import bootstrap, bootstrap_wer, paired_bootstrap


def test_equal_sentences_leave_no_doubt():
    assert bootstrap_wer([1, 1, 1], [4, 4, 4]) == (25.0, 25.0)


def test_two_sentences():
    # A draw of two has both wrong, both right (a quarter each) or one of each.
    assert bootstrap_wer([0, 1], [1, 1]) == (0.0, 100.0)
    assert bootstrap_wer([0, 1], [1, 1], level=40.0) == (50.0, 50.0)


def test_interval_of_many_sentences_is_that_of_the_normal_distribution():
    # 900 sentences of one word, 30 % wrong: standard error sqrt(0.3 * 0.7 / 900) = 1.5275 percent points.
    low, high = bootstrap_wer([1] * 270 + [0] * 630, [1] * 900, resamples=20_000)
    assert low == pytest.approx(30 - 1.96 * 1.5275, abs=0.15)
    assert high == pytest.approx(30 + 1.96 * 1.5275, abs=0.15)


def test_sums_are_those_of_the_drawn_sentences(monkeypatch):
    errors, words = np.arange(7), np.arange(3, 10)
    drawn = np.random.default_rng(4).integers(0, 7, (50, 7))
    plain = [100 * sum(errors[i] for i in row) / sum(words[i] for i in row) for row in drawn]
    expected = tuple(np.quantile(plain, [0.05, 0.95]))
    assert bootstrap_wer(errors, words, resamples=50, seed=4, level=90) == pytest.approx(expected)
    monkeypatch.setattr(bootstrap, '_CHUNK', 20)  # two draws at a time
    assert bootstrap_wer(errors, words, resamples=50, seed=4, level=90) == pytest.approx(expected)


def test_seeds():
    errors, words = [0, 1, 2, 5, 0, 3], [5, 6, 7, 8, 3, 9]
    assert bootstrap_wer(errors, words, resamples=99) == bootstrap_wer(errors, words, resamples=99)
    assert bootstrap_wer(errors, words, resamples=99) != bootstrap_wer(errors, words, resamples=99, seed=1)


def test_draws_without_a_reference_word_are_left_out():
    low, high = bootstrap_wer([1, 1], [0, 2], resamples=200)
    assert (low, high) == (50.0, 100.0)  # (1 + 1) / (2 + 2), or (1 + 1) / (2 + 0)
    with pytest.raises(ConfigError, match='resamples: got 1, but no sentence that was drawn has a reference word'):
        bootstrap_wer([1] * 50, [0] * 50, resamples=1)


def test_paired_systems():
    words = [5] * 40
    same = paired_bootstrap([1] * 40, words, [1] * 40, words)
    assert (same.difference, same.low, same.high, same.prob_b_better, same.p_value) == (0.0, 0.0, 0.0, 0.5, 1.0)
    better = paired_bootstrap([2] * 40, words, [1] * 40, words, resamples=1000)
    assert (better.difference, better.low, better.high) == pytest.approx((-20.0, -20.0, -20.0))
    assert (better.prob_b_better, better.p_value) == (1.0, 0.001)


def test_pairing_sees_what_separate_intervals_hide():
    generator = np.random.default_rng(0)
    words = generator.integers(3, 20, 300)
    a = generator.binomial(words, 0.3)
    b = np.maximum(a - (generator.random(300) < 0.1), 0)  # one error less in some sentences
    one, other = bootstrap_wer(a, words), bootstrap_wer(b, words)
    assert one[0] < other[1]  # the intervals overlap
    test = paired_bootstrap(a, words, b, words)
    assert test.high < 0
    assert test.p_value < 0.01
    swapped = paired_bootstrap(b, words, a, words)
    assert swapped.difference == pytest.approx(-test.difference)
    assert swapped.prob_b_better == pytest.approx(1 - test.prob_b_better)
    assert (swapped.low, swapped.high) == pytest.approx((-test.high, -test.low))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'resamples': 0}, 'resamples: got 0, expected 1, 2'),
        ({'seed': -1}, 'seed: got -1, expected 0, 1'),
        ({'level': 100}, 'level: got 100, expected a percentage between 0 and 100'),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ConfigError, match=message):
        bootstrap_wer([1], [1], **options)
    with pytest.raises(ConfigError, match=message):
        paired_bootstrap([1], [1], [1], [1], **options)
