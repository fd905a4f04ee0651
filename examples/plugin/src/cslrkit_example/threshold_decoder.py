"""Best-path decoding that leaves out glosses it is not sure of."""

from typing import List, Sequence, Union

import torch

from cslrkit.decoders import GreedyDecoder
from cslrkit.errors import ConfigError
from cslrkit.registry import DECODERS
from cslrkit.structures import Hypothesis, NBestEntry


@DECODERS.register_module()
class ThresholdDecoder(GreedyDecoder):
    """Greedy decoding without the glosses whose peak is below a probability.

    Trades deletions for insertions: useful for spotting, where a wrong gloss costs more than a missed one.
    Neighbors that become equal because the gloss between them was left out stay two.

    Args:
        threshold: Least probability of a gloss at its peak.
        blank_id: The CTC blank.

    Raises:
        ConfigError: If the threshold is no probability.

    Examples:
        >>> log_probs = torch.tensor([[[0.4, 0.6, 0.0], [0.9, 0.1, 0.0], [0.1, 0.0, 0.9]]]).log()
        >>> ThresholdDecoder(0.7)(log_probs, [3])[0].gloss_ids
        (2,)
    """

    def __init__(self, threshold: float = 0.5, *, blank_id: int = 0) -> None:
        if not 0 <= threshold <= 1:
            raise ConfigError(f'got {threshold!r}, expected a probability.', path='threshold')
        super().__init__(blank_id)
        self.threshold = threshold

    def __call__(self, log_probs: torch.Tensor, feat_lens: Union[torch.Tensor, Sequence[int]]) -> List[Hypothesis]:
        """Decode a batch; arguments as for :class:`GreedyDecoder`."""
        return [self._certain(hyp) for hyp in super().__call__(log_probs, feat_lens)]

    def _certain(self, hyp: Hypothesis) -> Hypothesis:
        spans = [span for span in hyp if span.peak_prob >= self.threshold]
        entry = NBestEntry(tuple(span.gloss_id for span in spans), hyp.score, tuple(span.peak for span in spans))
        return Hypothesis(spans, hyp.score, nbest=(entry,))
