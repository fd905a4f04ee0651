"""CTC prefix beam search, with ctcdecode's results and without ctcdecode."""

from typing import List, Optional, Sequence

import torch

from cslrkit.decoders.alignment import forced_align_batch
from cslrkit.decoders.beam.search import IMPOSSIBLE, prefix_beam_search
from cslrkit.decoders.beam.symbols import CUTOFF_RULES
from cslrkit.decoders.common import CTCDecoder, Found
from cslrkit.errors import ConfigError
from cslrkit.registry import DECODERS
from cslrkit.structures import NBestEntry
from cslrkit.utils.checks import one_of, positive


@DECODERS.register_module()
class BeamDecoder(CTCDecoder):
    """Prefix beam search; repeated neighbors of the best beam are merged, as published.

    The time-step of a gloss is its peak. Its span is where the forced alignment of the best beam
    has it; the span of merged neighbors is from the first to the last of them.

    Source: ``Decode.BeamSearch`` of VIPL-SLP/VAC_CSLR ``utils/decode.py``, which SlowFastSign
    37d1b6c carries, with parlance/ctcdecode c90ad94. It differs in ``cutoff_rule``, which
    matters only where ``cutoff_prob`` is below 1.

    Args:
        beam_width: Prefixes kept after each step.
        cutoff_top_n: Most probable symbols considered at each step.
        cutoff_prob: Symbols are considered until they hold this much probability; 1 for all.
        cutoff_rule: ``'exact'``, or ``'ctcdecode'`` for its comparison of ``log(1 + sum p)``.
        nbest: Beams that a hypothesis carries in ``nbest``, with repeats as searched.
        blank_id: The CTC blank.

    Raises:
        ConfigError: For a number out of range or an unknown rule.

    Examples:
        >>> log_probs = torch.tensor([[[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]]).log()
        >>> hypothesis = BeamDecoder(nbest=2)(log_probs, [3])[0]
        >>> hypothesis.gloss_ids, [entry.gloss_ids for entry in hypothesis.nbest]
        ((1,), [(1, 1), (1,)])
    """

    def __init__(
        self,
        beam_width: int = 10,
        cutoff_top_n: int = 40,
        *,
        cutoff_prob: float = 1.0,
        cutoff_rule: str = 'exact',
        nbest: int = 1,
        blank_id: int = 0,
    ) -> None:
        super().__init__(blank_id)
        self.beam_width = positive('beam_width', beam_width)
        self.cutoff_top_n = positive('cutoff_top_n', cutoff_top_n)
        self.nbest = positive('nbest', nbest)
        if nbest > beam_width:
            raise ConfigError(f'got {nbest}, expected at most beam_width = {beam_width}.', path='nbest')
        if not 0.0 < cutoff_prob <= 1.0:
            raise ConfigError(f'got {cutoff_prob}, expected a number in (0, 1].', path='cutoff_prob')
        self.cutoff_prob = cutoff_prob
        self.cutoff_rule = one_of('cutoff_rule', cutoff_rule, CUTOFF_RULES)

    def find(self, log_probs: torch.Tensor, lengths: List[int]) -> Found:
        """Return the beams of each clip, and where the forced alignment has the best one."""
        beams = self.search(log_probs, lengths, nbest=self.nbest)
        best = [clip[0] for clip in beams]
        # A beam wider than there are prefixes also holds impossible ones; they are no candidates.
        nbest = [[beam for beam in clip if beam.score > IMPOSSIBLE] for clip in beams]
        tokens = [beam.gloss_ids for beam in best]
        return best, nbest, forced_align_batch(log_probs, tokens, lengths=lengths, blank_id=self.blank_id)

    def search(
        self, log_probs: torch.Tensor, lengths: Sequence[int], *, nbest: Optional[int] = None
    ) -> List[List[NBestEntry]]:
        """Return the ``nbest`` beams of each clip, all by default, best first; see :func:`prefix_beam_search`."""
        return prefix_beam_search(
            log_probs.exp(),
            lengths,
            beam_width=self.beam_width,
            cutoff_top_n=self.cutoff_top_n,
            cutoff_prob=self.cutoff_prob,
            cutoff_rule=self.cutoff_rule,
            blank_id=self.blank_id,
            nbest=nbest,
        )
