"""Judge of recorded decoding: beams with time-steps and scores, greedy and best glosses.

Form: ``{'decode': [case, ...]}``. A case gives a formula's seed and sizes for the logits, the
settings of ctcdecode, and what it and the published ``MaxDecode`` and ``BeamSearch`` found.
"""

from typing import Any, Dict, Iterator, List

import numpy as np
import torch

from benchmarks.parity.result import CaseResult, Comparison
from cslrkit.decoders import BeamDecoder, GreedyDecoder
from cslrkit.models.recognizers.decoding import as_log_probs
from cslrkit.structures import GlossVocab, Hypothesis

KIND = 'decode'
TOLERANCE = 1e-3  # of log-probabilities
RECORDED_BEAMS = 10
PUBLISHED_BEAM_WIDTH = 10  # of `Decode` in utils/decode.py; `best` was recorded through it


def recognizes(content: Any) -> bool:
    """Whether ``content`` is a recording of this kind."""
    return isinstance(content, dict) and isinstance(content.get('decode'), list)


def judge(content: Dict[str, Any]) -> Iterator[CaseResult]:
    """Yield one result per recorded case."""
    for index, recorded in enumerate(content['decode']):
        comparison = Comparison(f'{KIND} case {index}')
        with comparison.attempt():
            _judge_case(recorded, comparison)
        yield comparison.result()


def formula_logits(*, seed: int, batch: int, steps: int, symbols: int, kind: str) -> torch.Tensor:
    """Logits (N, T', V) by the formula of the recordings.

    Args:
        seed: Of ``numpy.random.RandomState``.
        batch: N.
        steps: T'.
        symbols: V.
        kind: ``'peaky'``, runs of one symbol with blanks between, or ``'flat'``.
    """
    if kind not in ('peaky', 'flat'):
        raise ValueError(f"kind: got {kind!r}, expected 'peaky' or 'flat'.")
    generator = np.random.RandomState(seed)
    logits = generator.standard_normal((batch, steps, symbols)) * (0.5 if kind == 'flat' else 2.0)
    if kind == 'peaky':
        for clip in logits:
            _add_peaks(clip, generator)
    return torch.from_numpy(logits.astype(np.float32))


def _add_peaks(clip: np.ndarray, generator: np.random.RandomState) -> None:
    """Raise runs of one symbol, each followed by blanks, until the clip is full."""
    step, (num_steps, num_symbols) = 0, clip.shape
    while step < num_steps:
        symbol, count = generator.randint(1, num_symbols), generator.randint(1, 4)
        step = _raise(clip, symbol, step, count, generator)
        step = _raise(clip, 0, step, generator.randint(0, 4), generator)


def _raise(clip: np.ndarray, symbol: int, step: int, count: int, generator: np.random.RandomState) -> int:
    """Raise ``symbol`` for ``count`` steps or to the end of the clip, and return the step after."""
    stop = min(step + count, len(clip))
    for each in range(step, stop):
        clip[each, symbol] += generator.uniform(4, 10)
    return stop


def _judge_case(recorded: Dict[str, Any], comparison: Comparison) -> None:
    batch, lengths = recorded['B'], recorded['lens']
    for name in ('lens', 'beams', 'greedy'):
        comparison.equal(f'number of clips in {name}', len(recorded[name]), batch)
    logits = formula_logits(
        seed=recorded['seed'],
        batch=batch,
        steps=recorded['T'],
        symbols=recorded['V'],
        kind=recorded['kind'],
    )
    decoder = BeamDecoder(
        recorded['beam_width'],
        recorded['cutoff_top_n'],
        cutoff_prob=recorded['cutoff_prob'],
        cutoff_rule='ctcdecode',
    )
    log_probs = as_log_probs(logits)  # as a recognizer hands them to its decoder
    for index, (beams, expected) in enumerate(zip(decoder.search(log_probs, lengths), recorded['beams'])):
        comparison.equal(f'clip {index}: number of beams', min(len(beams), RECORDED_BEAMS), len(expected))
        for rank, (beam, entry) in enumerate(zip(beams, expected)):
            what = f'clip {index} beam {rank}'
            comparison.equal(f'{what} tokens', list(beam.gloss_ids), entry['tokens'])
            comparison.equal(f'{what} timesteps', list(beam.timesteps), entry['timesteps'])
            comparison.close(f'{what} neg_log_prob', -beam.score, entry['neg_log_prob'], tolerance=TOLERANCE)

    vocab = GlossVocab.from_list(f'G{symbol}' for symbol in range(1, recorded['V']))
    greedy = GreedyDecoder()(log_probs, lengths)
    comparison.equal('greedy', _glosses(greedy, vocab), recorded['greedy'])
    if recorded['best'] is not None:
        # Recorded through the published class, whatever the settings above are.
        comparison.equal('beam_width of a case with best', recorded['beam_width'], PUBLISHED_BEAM_WIDTH)
        best = BeamDecoder(PUBLISHED_BEAM_WIDTH)(log_probs, lengths)
        comparison.equal('best', _glosses(best, vocab), recorded['best'])


def _glosses(hypotheses: List[Hypothesis], vocab: GlossVocab) -> List[List[str]]:
    return [vocab.decode(hypothesis.gloss_ids) for hypothesis in hypotheses]
