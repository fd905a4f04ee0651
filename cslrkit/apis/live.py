"""Signing as it comes: frames in, glosses out while they are signed."""

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.dataset import pseudo_collate

from cslrkit.apis.infer.frames import FrameSampler, SampledFrame
from cslrkit.apis.infer.windows import pause
from cslrkit.errors import ConfigError, DataError
from cslrkit.structures import GlossSpan, Hypothesis
from cslrkit.video.clip import Frame

# A settled step whose blank is as probable ends the glosses before it: waiting for a surer one takes longer.
_PAUSE = 0.5
_LONGEST = 2.0  # windows of steps without a pause, after which they are decoded all the same


@dataclass(frozen=True)
class GlossEvent:
    """Something that a stream says of a gloss.

    Args:
        kind: ``'partial'``: seen, may still change; ``'final'``: will not change; ``'revoked'``: a partial one that is
            not seen any more.
        id: Number of the gloss in the stream; a partial and its final or revoked event share it.
        gloss: The gloss.
        start: Seconds of the stream at which it begins.
        end: Seconds at which it ends.
        emitted_at: Time of the latest frame that was pushed by then.
        confidence: As of a :class:`~cslrkit.structures.GlossSpan`.
    """

    kind: str
    id: int
    gloss: str
    start: float
    end: float
    emitted_at: float
    confidence: float


class SignStream:
    """Recognizes frames while they come; made by :meth:`cslrkit.apis.CSLRInferencer.stream`.

    Every ``hop`` seconds the network sees the last ``window`` seconds. Steps that lie ``lookahead`` before the end of
    what it saw are settled: later windows do not change them. Settled steps are decoded up to each pause (a step whose
    blank is more probable than not): their glosses are final. The others are decoded too, as partial glosses. What is
    said does not depend on how frames are grouped in calls, and memory does not grow with time.

    Args:
        inferencer: The model and how frames are brought to it.
        window: Seconds that the network sees at once.
        hop: Seconds between two runs of it.
        lookahead: Seconds after a step that the network has seen when the step is settled.
        gap: Seconds without a frame after which the glosses so far are final and a new signing begins.

    Raises:
        ConfigError: For numbers that cannot be, or a model without a frame rate.
    """

    def __init__(
        self, inferencer: Any, *, window: float = 4.0, hop: float = 0.32, lookahead: float = 0.48, gap: float = 2.0
    ) -> None:
        self._inferencer, self._gap = inferencer, gap
        rate, align = inferencer.spec.frame_rate, inferencer.model.frames_in_phase
        if rate is None:
            raise ConfigError('stream: the model has no frame rate. Give one: corpus_rate=25, --corpus-rate 25.')
        if not (0 < hop <= window and 0 <= lookahead < window - hop and gap > 0):
            raise ConfigError(
                f'stream: got window {window:g}, hop {hop:g}, lookahead {lookahead:g} and gap {gap:g} s, expected hop '
                'and gap above 0 and a window longer than hop and lookahead together.'
            )
        seen_rate = rate / inferencer.spec.interval
        self._hop = max(1, round(hop * seen_rate / align)) * align
        self._lookahead = round(lookahead * seen_rate)
        shortest = self._hop + self._lookahead + 2 * align
        self._window = -(-max(round(window * seen_rate), shortest) // align) * align
        self._align = align
        self._stride = inferencer.model.neck.temporal_spec.total_stride
        self._time: Optional[float] = None  # of the latest frame
        self._num_pushed = self._num_events = 0
        self.num_late = 0  # frames that came too late, and were left out
        self._restart(0.0)

    def _restart(self, time: float) -> None:
        spec = self._inferencer.spec
        self._sampler = FrameSampler(spec, where='stream', first_tick=round(time * spec.frame_rate))
        self._frames: List[SampledFrame] = []  # the last ones; the first of them is frame number `_base`
        self._base = self._num_seen = 0
        self._pending = np.empty((0, 0), np.float32)  # settled steps that are not decoded; the first is `_first`
        self._first = 0
        self._last_final: Optional[int] = None
        self._partials: List[Tuple[GlossSpan, int]] = []  # that were shown, with their numbers

    @property
    def num_held(self) -> int:
        """Frames in memory."""
        return len(self._frames)

    def push(self, frames: Sequence[np.ndarray], times: Sequence[float]) -> List[GlossEvent]:
        """Take the next frames.

        Args:
            frames: RGB, uint8 (H, W, 3) each.
            times: Seconds at which each begins, by the stream's clock. A frame that is not later than the one before
                is left out, and counted in ``num_late``.

        Returns:
            What is new, in order.

        Raises:
            DataError: For frames without times, or times that are no numbers.
        """
        if len(frames) != len(times):
            raise DataError(f'stream: got {len(frames)} frames with {len(times)} times, expected one for each.')
        events: List[GlossEvent] = []
        for image, time in zip(frames, times):
            if not np.isfinite(time):
                raise DataError(f'stream: got the time {time}, expected seconds.')
            if self._time is not None and time <= self._time:
                self.num_late += 1
                continue
            if self._time is None or time - self._time > self._gap:
                events += self.flush()
                self._restart(time)
            self._time = float(time)
            for sampled in self._sampler.push(Frame(image, self._num_pushed, self._time)):
                events += self._take(sampled)
            self._num_pushed += 1
        return events

    def flush(self) -> List[GlossEvent]:
        """Return what the frames so far still give, all of it final; frames that follow are a new signing."""
        if self._time is None:
            return []
        events = [event for sampled in self._sampler.push(None) for event in self._take(sampled)]
        if self._num_seen:
            log_probs, start = self._run()
            settled = self._first + len(self._pending)
            self._extend(log_probs[settled - start :])
        events += self._end(len(self._pending))
        self._restart(self._time)
        self._time = None
        return events

    def _take(self, sampled: SampledFrame) -> List[GlossEvent]:
        """Keep a frame that the model sees; run the model when a hop is full."""
        self._frames.append(sampled)
        self._num_seen += 1
        if self._num_seen % self._hop:
            return []
        log_probs, start = self._run()
        settled = self._first + len(self._pending)
        known = max(settled, (self._num_seen - self._lookahead) // self._stride)
        self._extend(log_probs[settled - start : known - start])
        longest = int(_LONGEST * self._window / self._stride)
        events = self._end(pause(self._pending[:, 0], longest=longest, sure=_PAUSE)) if len(self._pending) else []
        events += self._show(np.concatenate([self._pending, log_probs[known - start :]]))
        self._forget()
        return events

    @torch.no_grad()
    def _run(self) -> Tuple[np.ndarray, int]:
        """Log-probabilities (T', V) of the last window, and which step its first one is."""
        start = max(0, -(-(self._num_seen - self._window) // self._align) * self._align)
        model = self._inferencer.model
        frames = self._frames[start - self._base :]
        batch = model.data_preprocessor(pseudo_collate([self._inferencer.pack(frames)]))
        name = model.decode_outputs[0]
        log_probs, lengths = model.log_probs(batch['inputs'], batch['frame_lens'], outputs=[name])
        return log_probs[name][0, : int(lengths[0])].cpu().numpy(), start // self._stride

    def _extend(self, steps: np.ndarray) -> None:
        self._pending = np.concatenate([self._pending.reshape(-1, steps.shape[1]), steps])

    def _end(self, count: int) -> List[GlossEvent]:
        """Decode the first ``count`` settled steps: their glosses are final."""
        if not count:
            return []
        spans = self._decode(self._pending[:count])
        self._pending = self._pending[count:]
        self._first += count
        if spans:
            self._last_final = spans[-1].gloss_id
        return self._compare(spans, final=True)

    def _show(self, steps: np.ndarray) -> List[GlossEvent]:
        """Decode steps that are not final; say what is new among their glosses, and what is gone."""
        spans = self._decode(steps) if len(steps) else []
        return self._compare(spans, final=False)

    def _compare(self, spans: Sequence[GlossSpan], *, final: bool) -> List[GlossEvent]:
        """Pair glosses with the partial ones that were shown: equal, and at most a hop apart."""
        slack = self._hop // self._stride
        shown, events, kept = list(self._partials), [], []
        for span in spans:
            match = next((one for one in shown if _same(one[0], span, slack)), None)
            if match is None:
                self._num_events += 1
                match = (span, self._num_events)
                if not final:
                    events.append(self._event('partial', *match))
            else:
                shown.remove(match)
            if final:
                events.append(self._event('final', span, match[1]))
            else:
                kept.append((span, match[1]))
        if final:  # those that begin after what is final are compared later
            end = self._first
            gone = [one for one in shown if one[0].steps[0] < end]
            self._partials = [one for one in shown if one[0].steps[0] >= end]
        else:
            gone, self._partials = shown, kept
        return [*(self._event('revoked', *one) for one in gone), *events]

    def _event(self, kind: str, span: GlossSpan, number: int) -> GlossEvent:
        return GlossEvent(kind, number, span.gloss, *span.times, self._time, span.confidence)

    def _decode(self, steps: np.ndarray) -> List[GlossSpan]:
        """Glosses of steps from ``_first`` on, with times; one that the last final gloss goes on with is left out."""
        model = self._inferencer.model
        hyp = model.decode(torch.from_numpy(np.ascontiguousarray(steps))[None], [len(steps)])[0]
        offset = self._first - self._base // self._stride
        placed = Hypothesis([span.shifted(offset) for span in hyp], hyp.score).resolve(
            model.vocab,
            model.neck.temporal_spec,
            frame_indices=[frame.index for frame in self._frames],
            frame_times=[frame.times for frame in self._frames],
        )
        spans = [span.shifted(self._first - offset) for span in placed]
        # Neighbors that are equal are one gloss, as offline.
        return spans[1:] if spans and spans[0].gloss_id == self._last_final else spans

    def _forget(self) -> None:
        """Drop frames that neither a window nor a pending step needs."""
        base = min(self._num_seen - self._window, self._first * self._stride) // self._stride * self._stride
        if base > self._base:
            del self._frames[: base - self._base]
            self._base = base


def _same(one: GlossSpan, other: GlossSpan, slack: int) -> bool:
    apart = max(one.steps[0] - other.steps[1], other.steps[0] - one.steps[1])
    return one.gloss_id == other.gloss_id and apart <= slack
