"""What a decoder says of one clip."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from cslrkit.structures.gloss_vocab import GlossVocab

if TYPE_CHECKING:  # the models import this package
    from cslrkit.structures.temporal_spec import TemporalSpec


@dataclass(frozen=True)
class NBestEntry:
    """One beam of a search.

    Args:
        gloss_ids: Gloss ids as searched; repeats that a blank separates stay.
        score: Log-probability of the prefix (natural logarithm), summed over its alignments.
        timesteps: Feature step of each gloss's peak.
    """

    gloss_ids: Tuple[int, ...]
    score: float
    timesteps: Tuple[int, ...]


@dataclass(frozen=True)
class Hypothesis:
    """The decoded gloss sequence of one clip, with where each gloss was seen.

    Args:
        gloss_ids: Gloss ids of the best sequence, repeated neighbours merged as published.
        score: Log-probability of the best beam.
        timesteps: Feature step of each gloss's peak, as long as ``gloss_ids``.
        step_spans: First and last feature step (both included) of each gloss.
        nbest: Beams, best first.
        glosses: Gloss strings, once a vocabulary was applied.
        frame_spans: Start and end (excluded) of each gloss in frames of the source clip.
        frame_rate: Frames per second, None where it is not known.
        confidences: Of each gloss, the probability that it is signed in its span at all; empty if the
            decoder gives none.
    """

    gloss_ids: Tuple[int, ...]
    score: float
    timesteps: Tuple[int, ...]
    step_spans: Tuple[Tuple[int, int], ...]
    nbest: Tuple[NBestEntry, ...] = ()
    glosses: Tuple[str, ...] = ()
    frame_spans: Tuple[Tuple[int, int], ...] = ()
    frame_rate: Optional[float] = None
    confidences: Tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name in ('timesteps', 'step_spans'):
            if len(getattr(self, name)) != len(self.gloss_ids):
                raise ValueError(
                    f'Hypothesis.{name}: got {len(getattr(self, name))} entries for {len(self.gloss_ids)} glosses.'
                )
        if self.confidences and len(self.confidences) != len(self.gloss_ids):
            raise ValueError(
                f'Hypothesis.confidences: got {len(self.confidences)} entries for {len(self.gloss_ids)} glosses.'
            )

    @property
    def time_spans(self) -> Optional[List[Tuple[float, float]]]:
        """Start and end of each gloss in seconds; None where the frame rate is not known."""
        if self.frame_rate is None:
            return None
        return [(start / self.frame_rate, end / self.frame_rate) for start, end in self.frame_spans]

    def resolve(
        self,
        vocab: GlossVocab,
        spec: 'TemporalSpec',
        *,
        frame_indices: Sequence[int],
        frame_rate: Optional[float] = None,
    ) -> 'Hypothesis':
        """Return a copy with gloss strings and frame spans.

        Args:
            vocab: Turns ids into strings.
            spec: Turns feature steps into frames of the clip.
            frame_indices: For each frame of the clip, its index in the source video.
            frame_rate: Frames per second of the source video, if known.
        """
        spans = []
        for first, last in self.step_spans:
            start, end = spec.frame_span(first, last, len(frame_indices))
            spans.append((int(frame_indices[start]), int(frame_indices[end - 1]) + 1))
        return replace(
            self,
            glosses=tuple(vocab.decode(self.gloss_ids)),
            frame_spans=tuple(spans),
            frame_rate=frame_rate,
        )
