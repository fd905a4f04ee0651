"""Best-path decoding: the most probable symbol of each step."""

from itertools import groupby
from typing import List

import torch

from cslrkit.decoders.common import CTCDecoder, Found
from cslrkit.registry import DECODERS
from cslrkit.structures import NBestEntry


@DECODERS.register_module()
class GreedyDecoder(CTCDecoder):
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

    def find(self, log_probs: torch.Tensor, lengths: List[int]) -> Found:
        """Return the best path of each clip, alone."""
        tops, symbols = log_probs.max(-1)
        best, step_spans = [], []
        for clip, peaks, length in zip(symbols.tolist(), tops.tolist(), lengths):
            runs = [(token, list(run)) for token, run in groupby(range(length), key=clip.__getitem__)]
            runs = [(token, steps) for token, steps in runs if token != self.blank_id]
            tokens = tuple(token for token, _ in runs)
            timesteps = tuple(max(steps, key=peaks.__getitem__) for _, steps in runs)
            best.append(NBestEntry(tokens, float(sum(peaks[:length])), timesteps))
            step_spans.append([(steps[0], steps[-1]) for _, steps in runs])
        return best, [[entry] for entry in best], step_spans
