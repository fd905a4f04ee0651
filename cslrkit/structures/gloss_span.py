"""A gloss in time: which one, where in the clip, and how sure the network is of it."""

from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Callable, Iterable, List, Optional, Tuple


@dataclass(frozen=True)
class GlossSpan:
    """A gloss, where it is signed.

    Decoders give ids, steps, peak and confidence; ``Hypothesis.resolve`` adds the gloss, frames and times.

    Args:
        gloss_id: Its class id.
        gloss: The gloss itself; empty until a vocabulary names it.
        steps: First and last feature step, both included.
        frames: First frame and the frame after the last one, in frames of the source video.
        times: Seconds of the source video at which it begins and ends; None if its frame rate is not known.
        peak: Feature step at which it is most probable.
        confidence: Probability, by the network's outputs, that the gloss is signed in its span at all; see
            :func:`cslrkit.decoders.measure_spans`. None if the decoder gives none.
        peak_prob: Its probability at ``peak``; None if the decoder gives none.
        clip_frames: First frame and the frame after the last one, in frames of the clip as the network sees it, where
            an aligner placed it; None where its steps say it.
    """

    gloss_id: int
    gloss: str = ''
    steps: Tuple[int, int] = (0, 0)
    frames: Tuple[int, int] = (0, 0)
    times: Optional[Tuple[float, float]] = None
    peak: int = 0
    confidence: Optional[float] = None
    peak_prob: Optional[float] = None
    clip_frames: Optional[Tuple[int, int]] = None

    @property
    def start(self) -> Optional[float]:
        """Seconds at which it begins; None if the frame rate is not known."""
        return None if self.times is None else self.times[0]

    @property
    def end(self) -> Optional[float]:
        """Seconds at which it ends; None if the frame rate is not known."""
        return None if self.times is None else self.times[1]

    def shifted(self, steps: int) -> 'GlossSpan':
        """Return the span ``steps`` feature steps later; frames and times stay."""
        first, last = self.steps
        return replace(self, steps=(first + steps, last + steps), peak=self.peak + steps)


def merge_neighbors(
    spans: Iterable[GlossSpan], key: Callable[[GlossSpan], Any] = attrgetter('gloss_id')
) -> Tuple[GlossSpan, ...]:
    """Merge neighbors that are equal by ``key``, as published code does with every hypothesis.

    A merged span reaches from the first to the last and peaks where the more probable peak is, the earlier
    one of equals. Its confidence is that at least one of them is signed, ``1 - (1 - a)(1 - b)``.

    Args:
        spans: In order.
        key: What makes two equal; the gloss id by default.
    """
    merged: List[GlossSpan] = []
    for span in spans:
        if merged and key(merged[-1]) == key(span):
            span = _joined(merged.pop(), span)
        merged.append(span)
    return tuple(merged)


def _joined(one: GlossSpan, other: GlossSpan) -> GlossSpan:
    known = one.confidence is not None and other.confidence is not None
    peak = other if (other.peak_prob or 0.0) > (one.peak_prob or 0.0) else one
    return replace(
        one,
        steps=(one.steps[0], other.steps[1]),
        frames=(one.frames[0], other.frames[1]),
        times=None if one.times is None or other.times is None else (one.times[0], other.times[1]),
        peak=peak.peak,
        confidence=1 - (1 - one.confidence) * (1 - other.confidence) if known else None,
        peak_prob=peak.peak_prob,
        clip_frames=(one.clip_frames[0], other.clip_frames[1]) if one.clip_frames and other.clip_frames else None,
    )
