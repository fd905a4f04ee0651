"""CTC prefix beam search, with ctcdecode's results and without ctcdecode."""

from typing import List, Optional, Sequence

import torch

from cslrkit.decoders.alignment import forced_align_batch
from cslrkit.decoders.beam.search import IMPOSSIBLE, prefix_beam_search
from cslrkit.decoders.beam.symbols import CUTOFF_RULES
from cslrkit.decoders.common import CTCDecoder, Found
from cslrkit.decoders.language_model import LanguageModel
from cslrkit.errors import ConfigError
from cslrkit.registry import DECODERS, LANGUAGE_MODELS
from cslrkit.structures import GlossVocab, NBestEntry
from cslrkit.utils.checks import one_of, positive
from cslrkit.utils.config_path import config_path


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
        language_model: Config of a ``LANGUAGE_MODELS`` class, e.g. ``dict(type='NGram', path='gloss.arpa', alpha=0.5,
            beta=0.5)``. It scores sequences as searched, before repeats are merged. With alpha and beta of 0 it is
            left out.
        vocab: The vocabulary of the network, which a language model needs; the recognizer gives its own.

    Raises:
        ConfigError: For a number out of range, an unknown rule, or a language model without a vocabulary.

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
        language_model: Optional[dict] = None,
        vocab: Optional[GlossVocab] = None,
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
        self.language_model = None if language_model is None else self._built(language_model, vocab)

    def _built(self, language_model: dict, vocab: Optional[GlossVocab]) -> Optional[LanguageModel]:
        with config_path('language_model'):
            if vocab is None or self.blank_id != vocab.blank_id:
                raise ConfigError(
                    f'got the vocabulary {vocab} and the blank {self.blank_id}, expected vocab=GlossVocab(...), whose '
                    'blank is 0. A recognizer gives its own.'
                )
            model = LANGUAGE_MODELS.build(language_model, default_args=dict(vocab=vocab))
        return model if model.alpha or model.beta else None

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
            language_model=self.language_model,
        )
