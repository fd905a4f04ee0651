"""CTC prefix beam search, with ctcdecode's results and without ctcdecode."""

from typing import List, Optional, Sequence, Union

import torch

from cslrkit.decoders.alignment import flat_tokens, forced_align_batch, merge_repeats, span_confidences_batch
from cslrkit.decoders.inputs import check_inputs
from cslrkit.decoders.prefix_search import Beam, prefix_beam_search
from cslrkit.decoders.pruning import CUTOFF_RULES
from cslrkit.errors import ConfigError
from cslrkit.registry import DECODERS
from cslrkit.structures import Hypothesis, NBestEntry


@DECODERS.register_module()
class BeamDecoder:
    """Prefix beam search; repeated neighbours of the best beam are merged, as published.

    The time-step of a gloss is its peak. Its span is where the forced alignment of the best beam
    has it; the span of merged neighbours is from the first to the last of them.

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
        for name, value in (
            ('beam_width', beam_width),
            ('cutoff_top_n', cutoff_top_n),
            ('nbest', nbest),
        ):
            if value < 1:
                raise ConfigError(f'BeamDecoder.{name}: got {value}, expected at least 1.')
        if nbest > beam_width:
            raise ConfigError(f'BeamDecoder.nbest: got {nbest}, expected at most beam_width = {beam_width}.')
        if not 0.0 < cutoff_prob <= 1.0:
            raise ConfigError(f'BeamDecoder.cutoff_prob: got {cutoff_prob}, expected a number in (0, 1].')
        if cutoff_rule not in CUTOFF_RULES:
            raise ConfigError(f'BeamDecoder.cutoff_rule: got {cutoff_rule!r}, expected one of {CUTOFF_RULES}.')
        self.beam_width = beam_width
        self.cutoff_top_n = cutoff_top_n
        self.cutoff_prob = cutoff_prob
        self.cutoff_rule = cutoff_rule
        self.nbest = nbest
        self.blank_id = blank_id

    def __call__(self, log_probs: torch.Tensor, feat_lens: Union[torch.Tensor, Sequence[int]]) -> List[Hypothesis]:
        """Decode a batch.

        Args:
            log_probs: Log-probabilities. Logits do as well, they are normalised here; from them
                the probabilities are to the last bit those of the published code.
            feat_lens: Feature steps of each clip.

        Shape:
            log_probs: (N, T', V).

        Raises:
            DataError: If shapes or lengths do not fit, or there is a NaN.
        """
        lengths = check_inputs('BeamDecoder', log_probs, feat_lens)
        beams = self._search(log_probs, lengths, nbest=self.nbest)
        best = [clip[0] for clip in beams]
        normalised = log_probs.detach().float().log_softmax(-1)
        spans = forced_align_batch(
            normalised,
            [beam.tokens for beam in best],
            lengths=lengths,
            blank_id=self.blank_id,
        )
        peaks = _peaks(normalised, best)
        merged = [merge_repeats(beam.tokens, beam.timesteps, *rest) for beam, *rest in zip(best, spans, peaks)]
        confidences = span_confidences_batch(normalised, [clip[0] for clip in merged], [clip[2] for clip in merged])
        return [
            # A beam wider than there are prefixes also holds impossible ones; they are no candidates.
            Hypothesis(
                gloss_ids,
                clip[0].log_prob,
                timesteps,
                step_spans,
                nbest=tuple(NBestEntry(one.tokens, one.log_prob, one.timesteps) for one in clip if one.is_possible),
                confidences=sure,
            )
            for clip, (gloss_ids, timesteps, step_spans), sure in zip(beams, merged, confidences)
        ]

    def search(self, log_probs: torch.Tensor, feat_lens: Union[torch.Tensor, Sequence[int]]) -> List[List[Beam]]:
        """Return all beams of each clip, best first; arguments as for a call."""
        return self._search(log_probs, check_inputs('BeamDecoder', log_probs, feat_lens), nbest=None)

    def _search(self, log_probs: torch.Tensor, lengths: List[int], *, nbest: Optional[int]) -> List[List[Beam]]:
        return prefix_beam_search(
            log_probs.detach().float().softmax(-1),
            lengths,
            beam_width=self.beam_width,
            cutoff_top_n=self.cutoff_top_n,
            cutoff_prob=self.cutoff_prob,
            cutoff_rule=self.cutoff_rule,
            blank_id=self.blank_id,
            nbest=nbest,
        )


def _peaks(log_probs: torch.Tensor, beams: Sequence[Beam]) -> List[List[float]]:
    """Log-probability of each token of each clip's beam at its time-step."""
    clips, symbols = flat_tokens([beam.tokens for beam in beams])
    steps = torch.tensor([step for beam in beams for step in beam.timesteps], dtype=torch.int64)
    found = log_probs[clips.to(log_probs.device), steps.to(log_probs.device), symbols.to(log_probs.device)]
    return [clip.tolist() for clip in found.cpu().split([len(beam.tokens) for beam in beams])]
