"""What was recognized in a video."""

from dataclasses import asdict, dataclass
from typing import Any, Dict, Optional, Tuple


@dataclass(frozen=True)
class GlossSpan:
    """A gloss, where it was seen.

    Args:
        gloss: The gloss.
        start: Seconds of the video at which it begins, None if the frame rate is not known.
        end: Seconds at which it ends.
        frames: First frame and frame after the last, in the video's own frames.
        confidence: Probability, by the network's outputs, that the gloss is signed in its span at all: one minus
            the product of ``1 - p`` over its steps, which CTC holds for independent.
    """

    gloss: str
    start: Optional[float]
    end: Optional[float]
    frames: Tuple[int, int]
    confidence: float


@dataclass(frozen=True)
class Candidate:
    """One of the best sequences.

    Args:
        glosses: Its glosses, repeated neighbours merged.
        score: Its log-probability (natural logarithm).
    """

    glosses: Tuple[str, ...]
    score: float


@dataclass(frozen=True)
class InferenceResult:
    """What was recognized in one video.

    Args:
        name: Short name of the source, unlike that of every other of the same call.
        source: Path or description of the source.
        spans: The glosses of the best sequence, in order.
        nbest: The best sequences, best first.
        score: Log-probability of the best sequence.
        frame_rate: Frames per second of the source, None if it is not known.
        num_frames: Frames of the source.
        num_windows: Windows that it was cut into.
        notes: What looked wrong with the source.
    """

    name: str
    source: str
    spans: Tuple[GlossSpan, ...]
    nbest: Tuple[Candidate, ...]
    score: float
    frame_rate: Optional[float]
    num_frames: int
    num_windows: int = 1
    notes: Tuple[str, ...] = ()

    @property
    def glosses(self) -> Tuple[str, ...]:
        """Gloss strings of the best sequence."""
        return tuple(span.gloss for span in self.spans)

    @property
    def timed(self) -> bool:
        """Whether the glosses have times in seconds."""
        return all(span.start is not None for span in self.spans)

    def to_dict(self) -> Dict[str, Any]:
        """Return everything as plain values, as it stands in a JSON file."""
        return {**asdict(self), 'glosses': self.glosses}
