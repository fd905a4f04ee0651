"""A video while its windows come and go."""

import heapq
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Iterator, List, Optional, Tuple

import numpy as np
import torch

from cslrkit.apis.infer.frames import SampledFrame
from cslrkit.apis.infer.utterances import Utterance
from cslrkit.apis.infer.windows import Window, WindowDecoder, WindowPlan, cut_windows, joined_entry
from cslrkit.errors import CSLRKitError
from cslrkit.structures import Hypothesis, NBestEntry
from cslrkit.structures.result import InferenceResult
from cslrkit.video.clip import Clip


@dataclass
class VideoPart:
    """An utterance, or a whole video: its decoder, and where and when each frame is."""

    decoder: WindowDecoder
    start: int = 0  # position of its first frame among those of the video that the model sees
    indices: List[int] = field(default_factory=list)
    times: List[Optional[Tuple[float, float]]] = field(default_factory=list)
    num_windows: int = 0
    evidence: List[torch.Tensor] = field(default_factory=list)  # what the aligner saw of each frame, in pieces

    def windows(self, frames: Iterable[SampledFrame], plan: Optional[WindowPlan]) -> Iterator[Window]:
        """Cut windows, and note the frames that are new in each."""
        for window in cut_windows(frames, plan):
            fresh = window.frames[len(self.indices) - window.start :]
            self.indices += [frame.index for frame in fresh]
            self.times += [frame.times for frame in fresh]
            self.num_windows += 1
            yield window

    def see(self, start: int, rows: torch.Tensor) -> None:
        """Keep what the aligner saw of a window; of frames that two windows share, each keeps its half."""
        seen = sum(map(len, self.evidence))
        shared = (seen - start) // 2
        if shared:
            self.evidence[-1] = self.evidence[-1][:-shared]  # of the window before, which is longer
        self.evidence.append(rows[seen - shared - start :])

    def hyp(self, model: Any) -> Hypothesis:
        """Decode what is left and return all glosses, in frames, times and steps of the video."""
        timed = bool(self.times) and None not in self.times
        hyp = self.decoder.finish()
        if self.evidence:
            hyp = model.place(hyp, torch.cat(self.evidence))
        spec = model.neck.temporal_spec
        hyp = hyp.resolve(model.vocab, spec, frame_indices=self.indices, frame_times=self.times if timed else None)
        moved = tuple(span.shifted(self.start // spec.total_stride) for span in hyp)
        return Hypothesis(moved, hyp.score, hyp.nbest)


@dataclass
class Video:
    """A video: what is known of its parts."""

    clip: Clip
    new_decoder: Callable[[], WindowDecoder]
    nbest: int = 1
    parts: List[VideoPart] = field(default_factory=list)
    error: Optional[CSLRKitError] = None  # why it could not be read to its end

    def windows(
        self, utterances: Iterable[Utterance], plan: Optional[WindowPlan]
    ) -> Iterator[Tuple[VideoPart, Window]]:
        """Cut windows of each utterance."""
        for start, frames in utterances:
            part = VideoPart(self.new_decoder(), start)
            self.parts.append(part)
            for window in part.windows(frames, plan):
                yield part, window

    def result(self, model: Any) -> InferenceResult:
        """Decode what is left and return all glosses."""
        hyps = [part.hyp(model) for part in self.parts]
        log_probs = [part.decoder.log_probs for part in self.parts if part.decoder.log_probs is not None]
        return InferenceResult(
            name=self.clip.name,
            source=self.clip.source,
            hyp=hyps[0] if len(hyps) == 1 else _joined(hyps, self.nbest),
            frame_rate=self.clip.frame_rate,
            num_frames=self.clip.num_frames or 0,
            num_windows=sum(part.num_windows for part in self.parts),
            notes=tuple(self.clip.notes),
            log_probs=np.concatenate(log_probs) if log_probs else None,
        )


def _joined(hyps: List[Hypothesis], nbest: int) -> Hypothesis:
    """One hypothesis of those of the utterances of a video."""
    best = [NBestEntry((), 0.0)]
    for hyp in hyps:
        entries = (joined_entry(before, after) for before in best for after in hyp.nbest)
        best = heapq.nlargest(nbest, entries, key=lambda entry: entry.score)
    return Hypothesis(tuple(span for hyp in hyps for span in hyp), sum(hyp.score for hyp in hyps), tuple(best))
