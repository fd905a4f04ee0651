"""What every decoder does: check what it is given, and make gloss spans of what it found."""

from abc import ABC, abstractmethod
from typing import Any, List, Sequence, Tuple, Union

import torch

from cslrkit.errors import DataError
from cslrkit.registry import DECODERS, accepted_arguments
from cslrkit.structures import GlossSpan, GlossVocab, Hypothesis, NBestEntry, merge_neighbors
from cslrkit.utils.config_path import config_path

Lengths = Union[torch.Tensor, Sequence[int]]
Found = Tuple[List[NBestEntry], List[Sequence[NBestEntry]], List[Sequence[Tuple[int, int]]]]
_ROUNDING = 1e-2  # by which a log-probability in half precision may be above 0


def build_decoder(cfg: dict, vocab: GlossVocab) -> Any:
    """Build a decoder, which is given ``vocab`` if it takes an argument of that name.

    Args:
        cfg: Config of a ``DECODERS`` class.
        vocab: The vocabulary of the network.

    Raises:
        ConfigError: If it cannot be built.
    """
    takes_it = False
    if isinstance(cfg, dict) and 'type' in cfg:
        with config_path('type'):
            takes_it = 'vocab' in (accepted_arguments(DECODERS.lookup(cfg['type'])) or {})
    return DECODERS.build(cfg, default_args=dict(vocab=vocab) if takes_it else None)


class CTCDecoder(ABC):
    """A decoder of CTC outputs: a child class finds sequences, this one makes hypotheses of them.

    Args:
        blank_id: The CTC blank.
    """

    def __init__(self, blank_id: int = 0) -> None:
        self.blank_id = blank_id

    def __call__(self, log_probs: torch.Tensor, feat_lens: Lengths) -> List[Hypothesis]:
        """Decode a batch; repeated neighbors of the best sequence are merged, as published.

        Args:
            log_probs: Log-probabilities, as ``log_softmax`` gives them.
            feat_lens: Feature steps of each clip.

        Shape:
            log_probs: (N, T', V).

        Raises:
            DataError: If shapes or lengths do not fit, or there is a NaN or no log-probability.
        """
        lengths = check_inputs(type(self).__name__, log_probs, feat_lens)
        log_probs = log_probs.detach().float()
        best, nbest, step_spans = self.find(log_probs, lengths)
        spans = measure_spans(
            log_probs,
            [entry.gloss_ids for entry in best],
            timesteps=[entry.timesteps for entry in best],
            step_spans=step_spans,
        )
        return [Hypothesis(merge_neighbors(s), entry.score, tuple(n)) for s, entry, n in zip(spans, best, nbest)]

    @abstractmethod
    def find(self, log_probs: torch.Tensor, lengths: List[int]) -> Found:
        """Return the best sequence of each clip, its best ones, and the steps that the best one's symbols span."""


def check_inputs(decoder: str, log_probs: torch.Tensor, feat_lens: Lengths) -> List[int]:
    """Check the arguments of a decoder and return the lengths as a list.

    Args:
        decoder: Name for the messages.
        log_probs: Log-probabilities.
        feat_lens: Feature steps of each clip.

    Shape:
        log_probs: (N, T', V).

    Raises:
        DataError: If shapes or lengths do not fit, or a clip's own steps hold NaN or no log-probabilities.
    """
    if log_probs.dim() != 3 or not log_probs.is_floating_point():
        raise DataError(
            f'{decoder}: got log_probs of shape {tuple(log_probs.shape)} and type {log_probs.dtype}, '
            "expected a floating-point tensor (N, T', V)."
        )
    lengths = [int(length) for length in feat_lens]
    num_clips, num_steps, _ = log_probs.shape
    if len(lengths) != num_clips or any(not 0 <= length <= num_steps for length in lengths):
        raise DataError(
            f"{decoder}: got feat_lens {lengths}, expected {num_clips} numbers from 0 to T' = {num_steps}, "
            'the feature steps of each clip.'
        )
    # The greatest of numbers with a NaN among them is NaN.
    tops = log_probs.detach().amax(dim=2).cpu() if log_probs.numel() else torch.zeros(log_probs.shape[:2])
    own_steps = torch.arange(num_steps) < torch.tensor(lengths, dtype=torch.int64)[:, None]
    for clip, step in (own_steps & ~(tops <= _ROUNDING)).nonzero()[:1].tolist():
        if tops[clip, step].isnan():
            raise DataError(
                f'{decoder}: clip {clip} of the batch has NaN at step {step}, expected log-probabilities. '
                'The weights or the input are not finite; check the checkpoint and the training log.'
            )
        raise DataError(
            f'{decoder}: clip {clip} of the batch has {float(tops[clip, step]):g} at step {step}, expected '
            'log-probabilities, which are not above 0. Decoders do not normalize: give logits.log_softmax(-1).'
        )
    return lengths


@torch.no_grad()
def measure_spans(
    log_probs: torch.Tensor,
    tokens: Sequence[Sequence[int]],
    *,
    timesteps: Sequence[Sequence[int]],
    step_spans: Sequence[Sequence[Tuple[int, int]]],
) -> List[List[GlossSpan]]:
    """Return the gloss spans of each clip with their confidences, which are computed nowhere else.

    The confidence of a gloss is the probability that it is emitted in its span at all: one minus the product
    of ``1 - p`` over its steps, which are independent given the outputs of the network, as CTC has it. For
    merged neighbors see :func:`cslrkit.structures.merge_neighbors`.

    Args:
        log_probs: Log-probabilities.
        tokens: Symbol ids of each clip, without blanks.
        timesteps: Step of each token's peak.
        step_spans: First and last step, both included, of each token.

    Shape:
        log_probs: (N, T', V).

    Examples:
        >>> log_probs = torch.tensor([[[0.5, 0.5], [0.5, 0.5], [0.9, 0.1]]]).log()
        >>> measure_spans(log_probs, [[1]], timesteps=[[0]], step_spans=[[(0, 1)]])[0][0].confidence
        0.75
    """
    counts = [len(clip) for clip in tokens]
    device = log_probs.device
    clips = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts, dtype=torch.int64)).to(device)
    symbols = torch.tensor([token for clip in tokens for token in clip], dtype=torch.int64, device=device)
    peaks = torch.tensor([step for clip in timesteps for step in clip], dtype=torch.int64, device=device)
    bounds = torch.tensor([span for clip in step_spans for span in clip], dtype=torch.int64, device=device).view(-1, 2)
    steps = torch.arange(log_probs.shape[1], device=device)
    probs = log_probs.transpose(1, 2)[clips, symbols].double().exp()  # (tokens, T')
    outside = (steps < bounds[:, :1]) | (steps > bounds[:, 1:])
    confidences = (1 - (1 - probs.masked_fill(outside, 0.0)).prod(1)).clamp(0.0, 1.0)
    numbers = iter(torch.stack([confidences, probs.gather(1, peaks[:, None])[:, 0]], 1).tolist())
    return [
        [
            GlossSpan(token, steps=tuple(span), peak=peak, confidence=confidence, peak_prob=peak_prob)
            for token, peak, span, (confidence, peak_prob) in zip(*clip, numbers)
        ]
        for clip in zip(tokens, timesteps, step_spans)
    ]
