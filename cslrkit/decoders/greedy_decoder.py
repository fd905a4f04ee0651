"""Best-path decoding: the most probable symbol of each step."""

from dataclasses import replace
from itertools import groupby
from typing import List, Sequence, Union

import torch

from cslrkit.decoders.alignment import merge_repeats, span_confidences_batch
from cslrkit.decoders.inputs import check_inputs
from cslrkit.registry import DECODERS
from cslrkit.structures import Hypothesis, NBestEntry


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

    def __call__(self, log_probs: torch.Tensor, feat_lens: Union[torch.Tensor, Sequence[int]]) -> List[Hypothesis]:
        """Decode a batch.

        Args:
            log_probs: Log-probabilities; logits do as well, they are normalised here.
            feat_lens: Feature steps of each clip.

        Shape:
            log_probs: (N, T', V).

        Raises:
            DataError: If shapes or lengths do not fit, or there is a NaN.
        """
        lengths = check_inputs('GreedyDecoder', log_probs, feat_lens)
        normalised = log_probs.detach().float().log_softmax(-1)
        best = normalised.argmax(-1, keepdim=True)
        clips = zip(
            best.squeeze(-1).tolist(),
            normalised.gather(-1, best).squeeze(-1).tolist(),
            lengths,
        )
        found = [self._decode_clip(symbols[:length], peaks[:length]) for symbols, peaks, length in clips]
        confidences = span_confidences_batch(
            normalised, [hyp.gloss_ids for hyp in found], [hyp.step_spans for hyp in found]
        )
        return [replace(hyp, confidences=sure) for hyp, sure in zip(found, confidences)]

    def _decode_clip(self, best: Sequence[int], peaks: Sequence[float]) -> Hypothesis:
        tokens, timesteps, spans = [], [], []
        for token, run in groupby(range(len(best)), key=best.__getitem__):
            steps = list(run)
            if token != self.blank_id:
                tokens.append(token)
                timesteps.append(max(steps, key=peaks.__getitem__))
                spans.append((steps[0], steps[-1]))
        score = float(sum(peaks))
        gloss_ids, peak_steps, step_spans = merge_repeats(tokens, timesteps, spans, [peaks[step] for step in timesteps])
        entry = NBestEntry(tuple(tokens), score, tuple(timesteps))
        return Hypothesis(gloss_ids, score, peak_steps, step_spans, nbest=(entry,))
