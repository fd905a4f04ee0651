"""From the outputs of a video's windows to its glosses."""

import heapq
from typing import Callable, List, Optional, Tuple

import numpy as np
import torch

from cslrkit.apis.infer.windows import StepJoiner, Window
from cslrkit.decoders.alignment import span_confidences
from cslrkit.structures import GlossVocab, Hypothesis
from cslrkit.structures.result import Candidate, GlossSpan, InferenceResult
from cslrkit.structures.temporal_spec import TemporalSpec
from cslrkit.video.readers import Source

# Decoding may pause where the network holds a step this surely for blank: what follows does not depend on
# what came before.
_SURE_BLANK = 0.999
Decode = Callable[[torch.Tensor, List[int]], List[Hypothesis]]
_Mark = Tuple[int, Optional[Tuple[float, float]]]  # index in the source, times


class Track:
    """Gathers what the network says of one source, window by window.

    Between windows it holds the steps that are not decoded yet, no more than some windows of them.

    Args:
        source: The source.
        decode: The decoder.
        vocab: Turns ids into strings.
        spec: Turns steps into samples.
        nbest: Sequences to keep.
        blank_id: The CTC blank.
    """

    def __init__(
        self,
        source: Source,
        decode: Decode,
        *,
        vocab: GlossVocab,
        spec: TemporalSpec,
        nbest: int,
        blank_id: int = 0,
    ) -> None:
        self._source, self._decode, self._vocab, self._spec = source, decode, vocab, spec
        self._nbest, self._blank_id = nbest, blank_id
        self._joiner = StepJoiner(blank_id)
        self._steps: Optional[np.ndarray] = None  # joined, not decoded
        self._first_step = 0  # of these
        self._marks: List[_Mark] = []  # of samples from `_first_mark` on
        self._first_mark = 0
        self._ids: List[int] = []
        self._spans: List[GlossSpan] = []
        self._best: List[Tuple[float, Tuple[int, ...]]] = [(0.0, ())]
        self._score = 0.0
        self._num_windows = 0

    @property
    def num_held(self) -> int:
        """Samples and steps of which anything is held."""
        return len(self._marks) + (0 if self._steps is None else len(self._steps))

    def add(self, window: Window, log_probs: np.ndarray) -> None:
        """Take the next window's log-probabilities (T', V)."""
        self._num_windows += 1
        known = self._first_mark + len(self._marks) - window.start
        self._marks += [(sample.index, sample.times) for sample in window.samples[known:]]
        settled = self._joiner.push(window.start // self._spec.total_stride, log_probs)
        if settled is None:
            return
        self._steps = settled if self._steps is None else np.concatenate([self._steps, settled])
        blank = np.exp(self._steps[:, self._blank_id])
        sure = np.flatnonzero(blank >= _SURE_BLANK)
        half = len(blank) // 2
        if len(sure) and sure[-1] > 0:
            self._flush(int(sure[-1]))
        elif len(blank) > 2 * len(log_probs):  # no pause at all: the likeliest place of one must do
            self._flush(half + int(blank[half:].argmax()))

    def result(self) -> InferenceResult:
        """Decode what is left and return all glosses."""
        rest = self._joiner.finish()
        if rest is not None:
            self._steps = rest if self._steps is None else np.concatenate([self._steps, rest])
            self._flush(len(self._steps))
        candidates = {}
        for score, ids in self._best:
            glosses = tuple(self._vocab.decode(_merged(ids)))
            candidates.setdefault(glosses, Candidate(glosses, score))
        return InferenceResult(
            name=self._source.name,
            source=self._source.where,
            spans=tuple(self._spans),
            nbest=tuple(candidates.values()),
            score=self._score,
            frame_rate=self._source.frame_rate,
            num_frames=self._source.num_frames or 0,
            num_windows=self._num_windows,
            notes=tuple(self._source.notes),
        )

    def _flush(self, count: int) -> None:
        """Decode the first ``count`` steps and forget them."""
        if not count:
            return
        steps, self._steps = self._steps[:count], self._steps[count:]
        hypothesis = self._decode(torch.from_numpy(np.ascontiguousarray(steps))[None], [count])[0]
        confidences = span_confidences(steps, hypothesis.gloss_ids, hypothesis.step_spans)
        for gloss_id, (first, last), confidence in zip(hypothesis.gloss_ids, hypothesis.step_spans, confidences):
            self._append(gloss_id, self._first_step + first, self._first_step + last, confidence)
        self._score += hypothesis.score
        found = [(entry.score, entry.gloss_ids) for entry in hypothesis.nbest] or [
            (hypothesis.score, hypothesis.gloss_ids)
        ]
        joined = ((a + b, before + after) for a, before in self._best for b, after in found)
        self._best = heapq.nlargest(self._nbest, joined, key=lambda pair: pair[0])
        self._first_step += count
        # A step may stand for samples a little earlier than its own, never for ones before this.
        done = self._spec.frame_span(self._first_step, self._first_step, self._first_mark + len(self._marks))[0]
        del self._marks[: done - self._first_mark]
        self._first_mark = max(done, self._first_mark)

    def _append(self, gloss_id: int, first: int, last: int, confidence: float) -> None:
        start, end = self._spec.frame_span(first, last, self._first_mark + len(self._marks))
        first_index, first_times = self._marks[start - self._first_mark]
        last_index, last_times = self._marks[end - 1 - self._first_mark]
        span = GlossSpan(
            self._vocab.decode([gloss_id])[0],
            None if first_times is None else first_times[0],
            None if last_times is None else last_times[1],
            (first_index, last_index + 1),
            confidence,
        )
        if self._ids and self._ids[-1] == gloss_id:  # repeated neighbours are merged, as the decoders do
            before = self._spans.pop()
            both = 1 - (1 - before.confidence) * (1 - span.confidence)
            span = GlossSpan(span.gloss, before.start, span.end, (before.frames[0], span.frames[1]), both)
        else:
            self._ids.append(gloss_id)
        self._spans.append(span)


def _merged(ids: Tuple[int, ...]) -> List[int]:
    return [gloss_id for place, gloss_id in enumerate(ids) if not place or ids[place - 1] != gloss_id]
