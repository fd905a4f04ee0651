"""Times the batched prefix beam search against one written plainly in Python, a sentence at a time."""

import argparse
import math
from collections import defaultdict
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch

from benchmarks.alternate import alternate, report
from benchmarks.parity.judge_decode import formula_logits
from cslrkit.decoders import BeamDecoder
from cslrkit.errors import ConfigError
from cslrkit.models.recognizers.decoding import as_log_probs
from cslrkit.structures import Hypothesis

BEAM_WIDTH, TOP_N = 10, 40
REQUIRED_RATIO, REQUIRED_MS = 20, 1.5
# What each row of the full form changes of 64 sentences, 50 steps, 1296 symbols and a beam of 10.
GROWTH: Dict[str, Sequence[Dict[str, int]]] = {
    'steps': [dict(steps=steps) for steps in (25, 50, 100, 200)],
    'symbols': [dict(symbols=symbols) for symbols in (500, 1296, 2700, 6000)],
    'beam': [dict(beam=beam) for beam in (1, 5, 10, 20, 50)],
    'sentences': [dict(sentences=sentences) for sentences in (1, 2, 8, 64, 256)],
}

Prefix = Tuple[int, ...]


def plain_prefix_search(
    probs: np.ndarray, *, beam_width: int = BEAM_WIDTH, top_n: int = TOP_N, blank_id: int = 0
) -> List[Tuple[Prefix, float]]:
    """Search the best prefixes of one sentence as a textbook has it: prefixes as tuples, sums in a dict.

    Source: algorithm 1 of Hannun et al., First-Pass Large Vocabulary Continuous Speech Recognition
    using Bi-Directional Recurrent DNNs, 2014, in log-probabilities and without a language model.

    Args:
        probs: Probabilities of the symbols at each step.
        beam_width: Prefixes kept after each step.
        top_n: Most probable symbols considered at each step.
        blank_id: The CTC blank.

    Shape:
        probs: (T', V).

    Returns:
        Prefixes and their log-probabilities, best first.
    """
    beams: Dict[Prefix, Tuple[float, float]] = {(): (0.0, -math.inf)}  # ends in a blank, does not
    for row in np.log(np.maximum(probs, np.finfo(np.float32).tiny)):
        following: Dict[Prefix, List[float]] = defaultdict(lambda: [-math.inf, -math.inf])
        for symbol in np.argsort(-row)[:top_n].tolist():
            log_prob = float(row[symbol])
            for prefix, (blank, nonblank) in beams.items():
                total = log_add(blank, nonblank)
                if symbol == blank_id:
                    entry = following[prefix]
                    entry[0] = log_add(entry[0], total + log_prob)
                elif prefix and prefix[-1] == symbol:
                    entry = following[prefix]
                    entry[1] = log_add(entry[1], nonblank + log_prob)
                    entry = following[(*prefix, symbol)]
                    entry[1] = log_add(entry[1], blank + log_prob)
                else:
                    entry = following[(*prefix, symbol)]
                    entry[1] = log_add(entry[1], total + log_prob)
        best = sorted(following.items(), key=lambda item: log_add(*item[1]), reverse=True)
        beams = {prefix: (blank, nonblank) for prefix, (blank, nonblank) in best[:beam_width]}
    return [(prefix, log_add(*sums)) for prefix, sums in beams.items()]


def log_add(x: float, y: float) -> float:
    """``log(exp(x) + exp(y))``."""
    if x < y:
        x, y = y, x
    return x if y == -math.inf else x + math.log1p(math.exp(y - x))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--sentences', type=int, default=64, metavar='N', help='in the main row (default: 64)')


def run(args: argparse.Namespace) -> None:
    """Time the main row and, unless short, how it grows."""
    if args.sentences < 1:
        raise ConfigError(f'--sentences: got {args.sentences}, expected at least 1.')
    compare(sentences=args.sentences, rounds=args.rounds, required=REQUIRED_RATIO if args.sentences >= 64 else None)
    if not args.short:
        for what, cases in GROWTH.items():
            show_growth(what, cases, rounds=args.rounds)


def compare(*, sentences: int, rounds: int, required: Optional[float] = None) -> Dict[str, Any]:
    """Time both on the same logits, in turn; what they find must be the same.

    Args:
        sentences: How many.
        rounds: Timed runs of each.
        required: The ratio that must be reached, if one must.

    Returns:
        What the report says.

    Raises:
        ConfigError: If the two find different prefixes.
    """
    logits = _logits(sentences=sentences)
    lengths = [logits.shape[1]] * sentences
    decoder = BeamDecoder(BEAM_WIDTH, TOP_N)

    def plain() -> List[Prefix]:
        return [plain_prefix_search(probs)[0][0] for probs in logits.softmax(-1).numpy()]

    def batched() -> List[Hypothesis]:
        return decoder(as_log_probs(logits), lengths)

    if plain() != [hyp.nbest[0].gloss_ids for hyp in batched()]:
        raise ConfigError('benchmark: BeamDecoder and the plain search found different prefixes; nothing was timed.')
    measured = alternate(plain, {'batched': batched}, rounds=rounds, warmup=0)['batched']
    return report(
        measured,
        benchmark='decode',
        row=f'{sentences} sentences, T = {logits.shape[1]}, V = {logits.shape[2]}, beam {BEAM_WIDTH}',
        required=required,
        ms_per_sentence=round(1e3 * measured.ours_s / sentences, 3),
        ms_required=None if required is None else REQUIRED_MS,
        baseline_ms_per_sentence=round(1e3 * measured.baseline_s / sentences, 3),
    )


def show_growth(what: str, cases: Sequence[Dict[str, int]], *, rounds: int) -> List[Dict[str, Any]]:
    """Time the decoder alone as one number grows; the first case is the baseline of the others.

    Args:
        what: Name of the number.
        cases: Arguments of the decoder and its input that differ from the usual ones.
        rounds: Timed runs of each.

    Returns:
        What the reports say.
    """
    runs = {f'{what} {next(iter(case.values()))}': _decoding(**case) for case in cases}
    (first, baseline), *others = runs.items()
    measured = alternate(baseline, dict(others), rounds=rounds)
    sentences = [case.get('sentences', 64) for case in cases]
    return [
        report(
            one,
            benchmark='decode',
            row=f'{name} against {first}',
            ms_per_sentence=round(1e3 * one.ours_s / count, 3),
            baseline_ms_per_sentence=round(1e3 * one.baseline_s / sentences[0], 3),
        )
        for (name, one), count in zip(measured.items(), sentences[1:])
    ]


def _decoding(
    *, sentences: int = 64, steps: int = 50, symbols: int = 1296, beam: int = BEAM_WIDTH
) -> Callable[[], List[Any]]:
    logits = _logits(sentences=sentences, steps=steps, symbols=symbols)
    decoder = BeamDecoder(beam, TOP_N)
    return lambda: decoder(as_log_probs(logits), [steps] * sentences)


def _logits(*, sentences: int, steps: int = 50, symbols: int = 1296) -> torch.Tensor:
    return formula_logits(seed=1, batch=sentences, steps=steps, symbols=symbols, kind='peaky')
