"""Best-path decoding: the most probable symbol of each step."""

from itertools import groupby
from typing import List

import torch

from cslrkit.decoders.common import Lengths, check_inputs, measure_spans
from cslrkit.registry import DECODERS
from cslrkit.structures import Hypothesis, NBestEntry, merge_neighbors


@DECODERS.register_module()
class GreedyDecoder:
    """Takes the most probable symbol of each step, merges repeats and drops blanks.

    Glosses that only a blank separates are merged too, as published. A gloss spans the steps at
    which it was the most probable symbol, and peaks at the most probable of them.

    Source: ``Decode.MaxDecode`` of VIPL-SLP/VAC_CSLR ``utils/decode.py``, which SlowFastSign
    37d1b6c carries; it gives no score and no time-steps.

    Args:
        blank_id: The CTC blank.

    Examples:
        >>> log_probs = torch.tensor([[[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]]).log()
        >>> GreedyDecoder()(log_probs, [3])[0].gloss_ids
        (1,)
    """

    def __init__(self, blank_id: int = 0) -> None:
        self.blank_id = blank_id

    def __call__(self, log_probs: torch.Tensor, feat_lens: Lengths) -> List[Hypothesis]:
        """Decode a batch.

        Args:
            log_probs: Log-probabilities, as ``log_softmax`` gives them.
            feat_lens: Feature steps of each clip.

        Shape:
            log_probs: (N, T', V).

        Raises:
            DataError: If shapes or lengths do not fit, or there is a NaN or no log-probability.
        """
        lengths = check_inputs('GreedyDecoder', log_probs, feat_lens)
        log_probs = log_probs.detach().float()
        tops, symbols = log_probs.max(-1)
        tokens, timesteps, step_spans, scores = [], [], [], []
        for clip, peaks, length in zip(symbols.tolist(), tops.tolist(), lengths):
            runs = [(token, list(run)) for token, run in groupby(range(length), key=clip.__getitem__)]
            runs = [(token, steps) for token, steps in runs if token != self.blank_id]
            tokens.append(tuple(token for token, _ in runs))
            timesteps.append(tuple(max(steps, key=peaks.__getitem__) for _, steps in runs))
            step_spans.append([(steps[0], steps[-1]) for _, steps in runs])
            scores.append(float(sum(peaks[:length])))
        spans = measure_spans(log_probs, tokens, timesteps=timesteps, step_spans=step_spans)
        return [
            Hypothesis(merge_neighbors(clip), score, nbest=(NBestEntry(found, score, peaks),))
            for clip, score, found, peaks in zip(spans, scores, tokens, timesteps)
        ]
