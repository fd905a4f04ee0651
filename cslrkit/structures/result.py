"""What was recognized in a video."""

from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

import numpy as np

from cslrkit.structures.gloss_span import GlossSpan
from cslrkit.structures.hypothesis import Hypothesis, NBestEntry


@dataclass(frozen=True)
class InferenceResult:
    """What was recognized in one video.

    Args:
        name: Short name of the video, unlike that of every other of the same call.
        source: Its path or description.
        hyp: Its glosses, in frames and seconds of the video.
        frame_rate: Frames per second of the video, None if it is not known.
        num_frames: Frames of the video.
        num_windows: Windows that it was cut into.
        notes: What looked wrong with the video.
        log_probs: Log-probabilities (T', V) that were decoded, if they were asked for.
    """

    name: str
    source: str
    hyp: Hypothesis
    frame_rate: Optional[float]
    num_frames: int
    num_windows: int = 1
    notes: Tuple[str, ...] = ()
    log_probs: Optional[np.ndarray] = field(default=None, compare=False, repr=False)

    @property
    def spans(self) -> Tuple[GlossSpan, ...]:
        """The glosses of the best sequence, in order."""
        return self.hyp.spans

    @property
    def glosses(self) -> Tuple[str, ...]:
        """Gloss strings of the best sequence."""
        return self.hyp.glosses

    @property
    def nbest(self) -> Tuple[NBestEntry, ...]:
        """The best sequences, best first, repeated neighbors merged."""
        return self.hyp.nbest

    @property
    def score(self) -> float:
        """Log-probability of the best sequence."""
        return self.hyp.score

    @property
    def timed(self) -> bool:
        """Whether the glosses have times in seconds."""
        return self.hyp.time_spans is not None

    def to_dict(self) -> Dict[str, Any]:
        """Return everything as plain values, as it stands in a JSON file."""
        return {
            'name': self.name,
            'source': self.source,
            'spans': [
                {'gloss': s.gloss, 'start': s.start, 'end': s.end, 'frames': s.frames, 'confidence': s.confidence}
                for s in self.spans
            ],
            'nbest': [
                {
                    'glosses': entry.glosses,
                    'score': entry.score,
                    **({} if entry.lm_score is None else {'lm_score': entry.lm_score}),
                }
                for entry in self.nbest
            ],
            'score': self.score,
            'frame_rate': self.frame_rate,
            'num_frames': self.num_frames,
            'num_windows': self.num_windows,
            'notes': self.notes,
            'glosses': self.glosses,
        }
