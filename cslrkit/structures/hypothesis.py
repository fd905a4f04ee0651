"""What a decoder finds in one clip."""

from dataclasses import dataclass, replace
from typing import Any, Iterator, List, Optional, Sequence, Tuple

from cslrkit.structures.gloss_span import GlossSpan
from cslrkit.structures.gloss_vocab import GlossVocab
from cslrkit.structures.temporal_spec import TemporalSpec


@dataclass(frozen=True)
class NBestEntry:
    """One of the best sequences of a search.

    Args:
        gloss_ids: Gloss ids; as searched, where repeats that a blank separates stay.
        score: Log-probability (natural logarithm), summed over the alignments that were followed, and what a
            language model added.
        timesteps: Feature step of each gloss's peak; empty if they are not known.
        glosses: Gloss strings, once a vocabulary named them.
        lm_score: What a language model added to ``score``, its weight and the term of the length included; None
            without one.
    """

    gloss_ids: Tuple[int, ...]
    score: float
    timesteps: Tuple[int, ...] = ()
    glosses: Tuple[str, ...] = ()
    lm_score: Optional[float] = None


@dataclass(frozen=True)
class Hypothesis(Sequence[GlossSpan]):
    """The decoded glosses of one clip: a sequence of :class:`GlossSpan`, repeated neighbors merged as published.

    Args:
        spans: The glosses, in order.
        score: That of the best beam.
        nbest: Beams, best first.

    Examples:
        >>> hyp = Hypothesis((GlossSpan(3, steps=(0, 1)), GlossSpan(1, steps=(4, 4))), -0.5)
        >>> len(hyp), hyp.gloss_ids, hyp[1].steps
        (2, (3, 1), (4, 4))
    """

    spans: Tuple[GlossSpan, ...]
    score: float
    nbest: Tuple[NBestEntry, ...] = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> 'Hypothesis':
        """Refuse the arguments of release 0.1.0.

        Raises:
            TypeError: With what to write instead.
        """
        moved = {'gloss_ids', 'timesteps', 'step_spans', 'glosses', 'frame_spans', 'frame_rate', 'confidences'}
        spans = tuple(args[0] if args else kwargs.get('spans', ()))
        if moved & set(kwargs) or not all(isinstance(span, GlossSpan) for span in spans):
            got = ', '.join(sorted(moved & set(kwargs))) or f'the spans {spans}'
            raise TypeError(
                f'Hypothesis: got {got}; since release 0.2.0 it is made of spans, Hypothesis([GlossSpan(gloss_id, '
                'steps=(first, last), peak=step, confidence=p), ...], score, nbest).'
            )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        object.__setattr__(self, 'spans', tuple(self.spans))

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, index: Any) -> Any:
        return self.spans[index]

    def __iter__(self) -> Iterator[GlossSpan]:
        return iter(self.spans)

    @property
    def gloss_ids(self) -> Tuple[int, ...]:
        """Class id of each gloss."""
        return tuple(span.gloss_id for span in self.spans)

    @property
    def glosses(self) -> Tuple[str, ...]:
        """Each gloss as a string; empty strings before :meth:`resolve`."""
        return tuple(span.gloss for span in self.spans)

    @property
    def timesteps(self) -> Tuple[int, ...]:
        """Feature step of each gloss's peak."""
        return tuple(span.peak for span in self.spans)

    @property
    def step_spans(self) -> Tuple[Tuple[int, int], ...]:
        """First and last feature step (both included) of each gloss."""
        return tuple(span.steps for span in self.spans)

    @property
    def frame_spans(self) -> Tuple[Tuple[int, int], ...]:
        """Start and end (excluded) of each gloss in frames of the source video."""
        return tuple(span.frames for span in self.spans)

    @property
    def time_spans(self) -> Optional[List[Tuple[float, float]]]:
        """Start and end of each gloss in seconds; None where the frame rate is not known."""
        return None if any(span.times is None for span in self.spans) else [span.times for span in self.spans]

    @property
    def confidences(self) -> Tuple[Optional[float], ...]:
        """Confidence of each gloss."""
        return tuple(span.confidence for span in self.spans)

    def resolve(
        self,
        vocab: GlossVocab,
        spec: TemporalSpec,
        *,
        frame_indices: Sequence[int],
        frame_rate: Optional[float] = None,
        frame_times: Optional[Sequence[Tuple[float, float]]] = None,
    ) -> 'Hypothesis':
        """Return a copy with gloss strings, frames and times.

        Args:
            vocab: Turns ids into strings.
            spec: Turns feature steps into frames of the clip.
            frame_indices: For each frame of the clip, its index in the source video.
            frame_rate: Frames per second of the source video, if known.
            frame_times: For each frame of the clip, the seconds at which it begins and ends, where these do not
                follow from the frame rate.
        """
        placed = []
        for span, gloss in zip(self.spans, vocab.decode(self.gloss_ids)):
            start, end = span.clip_frames or spec.frame_span(*span.steps, len(frame_indices))
            # An aligned span reaches to the next frame that the network sees, over those that are left out between.
            reaches = span.clip_frames is not None and end < len(frame_indices)
            frames = int(frame_indices[start]), int(frame_indices[end] if reaches else frame_indices[end - 1] + 1)
            times = None if frame_rate is None else (frames[0] / frame_rate, frames[1] / frame_rate)
            if frame_times is not None:
                times = frame_times[start][0], frame_times[end][0] if reaches else frame_times[end - 1][1]
            placed.append(replace(span, gloss=gloss, frames=frames, times=times))
        nbest = tuple(replace(entry, glosses=tuple(vocab.decode(entry.gloss_ids))) for entry in self.nbest)
        return Hypothesis(tuple(placed), self.score, nbest)
