"""From logits to hypotheses: those of validation, testing, inference and pictures all come from here."""

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import torch
from torch import nn

from cslrkit.decoders.common import measure_spans
from cslrkit.errors import DataError
from cslrkit.structures import Hypothesis, SignDataSample


@dataclass(frozen=True)
class EncodedBatch:
    """What the network says of a batch, before it is decoded.

    Args:
        data_samples: The clips' samples.
        log_probs: Log-probabilities of each output to decode, (N, T', V) in float32.
        feat_lens: Steps of each clip.
        frame_lens: Padded length of each clip in frames.
        evidence: What the aligner sees of each clip's padded frames, (N, T, D); None without an aligner.
    """

    data_samples: List[SignDataSample]
    log_probs: Dict[str, torch.Tensor]
    feat_lens: List[int]
    frame_lens: List[int]
    evidence: Optional[torch.Tensor] = None


class DecodingMixin:
    """Decoding of a recognizer.

    It has ``logits``, ``decoder``, ``decode_outputs``, ``vocab`` and ``neck``; one with an ``aligner`` has
    ``frame_features``, too.
    """

    def log_probs(
        self, inputs: torch.Tensor, frame_lens: torch.Tensor, *, outputs: Optional[Sequence[str]] = None
    ) -> Tuple[Dict[str, torch.Tensor], torch.Tensor]:
        """Return log-probabilities (N, T', V) in float32 by output, and the lengths in steps.

        Args:
            inputs: Clips, (N, T, 3, H, W).
            frame_lens: Padded lengths in frames, int64 (N,).
            outputs: Names of logits of the main stream; ``decode_outputs`` by default.
        """
        return self.observe(inputs, frame_lens, outputs=outputs)[:2]

    def observe(
        self, inputs: torch.Tensor, frame_lens: torch.Tensor, *, outputs: Optional[Sequence[str]] = None
    ) -> Tuple[Dict[str, torch.Tensor], torch.Tensor, Optional[torch.Tensor]]:
        """Return what :meth:`log_probs` does, and what the aligner sees of each frame (N, T, D), None without one.

        Args:
            inputs: Clips, (N, T, 3, H, W).
            frame_lens: Padded lengths in frames, int64 (N,).
            outputs: Names of logits of the main stream; ``decode_outputs`` by default.
        """
        evidence, computed = None, {}
        aligner = getattr(self, 'aligner', None)
        if aligner is not None:
            computed['features'] = self.frame_features(inputs, frame_lens)
            evidence = aligner(computed['features'], int(frame_lens.max()))
        logits, feat_lens = self.logits(inputs, frame_lens, streams=('main',), **computed)
        return {name: as_log_probs(logits[name]) for name in outputs or self.decode_outputs}, feat_lens, evidence

    def place(self, hyp: Hypothesis, evidence: torch.Tensor) -> Hypothesis:
        """Return a hypothesis whose glosses the aligner placed, by what it sees of the clip's own frames (T, D)."""
        stride = self.neck.temporal_spec.total_stride
        return self.aligner.place(hyp, evidence.cpu().numpy(), stride=stride)

    def decode(
        self, log_probs: torch.Tensor, feat_lens: Union[torch.Tensor, Sequence[int]], *, decoder: Any = None
    ) -> List[Hypothesis]:
        """Return the hypothesis of each clip; everything that decodes calls this.

        Args:
            log_probs: Of one output, (N, T', V).
            feat_lens: Steps of each clip.
            decoder: Takes the place of the model's own.
        """
        return _with_confidences((decoder or self.decoder)(log_probs, feat_lens), log_probs)

    def predict(
        self, inputs: torch.Tensor, frame_lens: torch.Tensor, data_samples: Optional[List[SignDataSample]]
    ) -> List[SignDataSample]:
        """Decode the main stream; each sample's ``hyps`` get a hypothesis for each of ``decode_outputs``."""
        return self.add_hyps([self.encode(inputs, frame_lens, data_samples)])

    def encode(
        self, inputs: torch.Tensor, frame_lens: torch.Tensor, data_samples: Optional[List[SignDataSample]]
    ) -> EncodedBatch:
        """Run the network as :meth:`predict` does, and leave the decoding to :meth:`add_hyps`."""
        samples = checked_samples(data_samples, len(frame_lens))
        log_probs, feat_lens, evidence = self.observe(inputs, frame_lens)
        return EncodedBatch(samples, log_probs, feat_lens.tolist(), frame_lens.tolist(), evidence)

    def add_hyps(self, batches: Sequence[EncodedBatch]) -> List[SignDataSample]:
        """Decode batches together, which is faster than one by one and gives the same.

        Args:
            batches: What :meth:`encode` returned.

        Returns:
            The samples of all batches in order, each one's ``hyps`` filled.
        """
        samples = [sample for batch in batches for sample in batch.data_samples]
        feat_lens = [length for batch in batches for length in batch.feat_lens]
        frame_lens = [length for batch in batches for length in batch.frame_lens]
        evidence = [
            None if batch.evidence is None else batch.evidence[row]
            for batch in batches
            for row in range(len(batch.data_samples))
        ]
        spec = self.neck.temporal_spec
        for name in self.decode_outputs:
            log_probs = _stacked([batch.log_probs[name] for batch in batches], max(feat_lens, default=0))
            hyps = self.decode(log_probs, torch.tensor(feat_lens, dtype=torch.int64))
            for sample, hyp, frame_len, rows in zip(samples, hyps, frame_lens, evidence):
                # A sample made by hand may not say where its frames come from: count them then.
                indices = sample.frame_indices or range(max(frame_len - 2 * spec.left_pad, 1))
                if rows is not None:
                    hyp = self.place(hyp, rows[spec.left_pad :][: len(indices)])
                sample.hyps[name] = hyp.resolve(self.vocab, spec, frame_indices=indices, frame_rate=sample.frame_rate)
        return samples


def as_log_probs(logits: torch.Tensor) -> torch.Tensor:
    """Return log-probabilities in float32: the one normalization between a head's logits and a hypothesis."""
    return logits.float().log_softmax(-1)


def checked_samples(samples: Optional[List[SignDataSample]], batch_size: int) -> List[SignDataSample]:
    """Return ``samples``.

    Raises:
        DataError: If there are not as many as clips.
    """
    if samples is None or len(samples) != batch_size:
        raise DataError(
            f'CSLRRecognizer: got {"no" if samples is None else len(samples)} data samples for {batch_size} clips, '
            'expected one for each.'
        )
    return samples


def _with_confidences(hyps: Sequence[Hypothesis], log_probs: torch.Tensor) -> List[Hypothesis]:
    """Add the confidences that a decoder leaves out."""
    if all(span.confidence is not None for hyp in hyps for span in hyp):
        return list(hyps)
    measured = measure_spans(
        log_probs,
        [hyp.gloss_ids for hyp in hyps],
        timesteps=[hyp.timesteps for hyp in hyps],
        step_spans=[hyp.step_spans for hyp in hyps],
    )
    return [replace(hyp, spans=spans) for hyp, spans in zip(hyps, measured)]


def _stacked(batches: Sequence[torch.Tensor], num_steps: int) -> torch.Tensor:
    """All batches (N, T', V) as one of ``num_steps`` steps, zeros behind those that a batch has."""
    return torch.cat([nn.functional.pad(batch, (0, 0, 0, num_steps - batch.shape[1])) for batch in batches])
