"""A long video cut into its utterances: stretches in which somebody signs."""

from collections import deque
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Callable, Deque, Iterable, Iterator, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.dataset import pseudo_collate

from cslrkit.apis.infer.frames import SampledFrame
from cslrkit.apis.infer.windows import Window, cut_windows, plan_windows

_WINDOW, _OVERLAP = 8.0, 2.0  # seconds of which the activity is measured at once
_GAP = 0.6  # seconds without signing that end an utterance
_SHORTEST = 0.3  # seconds of signing that begin one
_MARGIN = 0.16  # seconds of rest that an utterance has at either end, as sentences in a corpus have

Utterance = Tuple[int, Iterable[SampledFrame]]  # position of the first frame among those that the model sees
_Scored = Tuple[SampledFrame, bool]


@dataclass(frozen=True)
class UtterancePlan:
    """What makes an utterance, in frames that the model sees.

    Args:
        gap: Frames without signing that end one.
        shortest: Frames of signing that begin one.
        margin: Frames without signing that it has at either end, where they are; at most ``gap``.
    """

    gap: int
    shortest: int
    margin: int

    @classmethod
    def at(cls, rate: float) -> 'UtterancePlan':
        """Return the plan for frames of a rate in frames per second."""
        return cls(*(max(1, round(seconds * rate)) for seconds in (_GAP, _SHORTEST, _MARGIN)))


class UtteranceCutter:
    """Cuts videos into utterances by a recognizer's ``activity``.

    Args:
        model: A recognizer with an ``activity``.
        pack: Frames to a packed sample, as ``CSLRInferencer.pack``.
        rate: Frames per second that the model sees.
    """

    def __init__(self, model: torch.nn.Module, pack: Callable[[Sequence[SampledFrame]], dict], rate: float) -> None:
        self._model, self._pack = model, pack
        self._plan = UtterancePlan.at(rate)
        self._windows = plan_windows(_WINDOW, _OVERLAP, rate=rate, align=model.frames_in_phase)

    def __call__(self, frames: Iterable[SampledFrame]) -> Iterator[Utterance]:
        """Yield the utterances of a video; each must be read before the next one is asked for."""
        for start, stretch in groupby(label(self._scored(frames), self._plan), key=itemgetter(1)):
            if start is not None:
                yield start, map(itemgetter(0), stretch)

    def _scored(self, frames: Iterable[SampledFrame]) -> Iterator[_Scored]:
        """Each frame and whether somebody signs; of frames that two windows share, each says its half."""
        before: Optional[Tuple[Window, np.ndarray]] = None
        done = 0
        for window in cut_windows(frames, self._windows):
            signs = self.measure(window.frames) > 0
            if before is not None:
                shared = before[0].start + len(before[0].frames) - window.start
                yield from _part(before, done, window.start + shared // 2)
                done = window.start + shared // 2
            before = window, signs
        if before is not None:
            yield from _part(before, done, before[0].start + len(before[0].frames))

    @torch.no_grad()
    def measure(self, frames: Sequence[SampledFrame]) -> np.ndarray:
        """Return the logits of signing in consecutive frames, (T,)."""
        model = self._model
        batch = model.data_preprocessor(pseudo_collate([self._pack(frames)]))
        found = model.frame_features(batch['inputs'], batch['frame_lens'])
        left = model.neck.temporal_spec.left_pad
        return model.activity(found, int(batch['frame_lens'].max()))[0, left : left + len(frames)].float().cpu().numpy()


def label(scored: Iterable[_Scored], plan: UtterancePlan) -> Iterator[Tuple[SampledFrame, Optional[int]]]:
    """Yield each frame with the position of its utterance's first frame, None outside of one.

    No more than ``gap + shortest + margin`` frames are held.
    """
    held: Deque[SampledFrame] = deque()
    start: Optional[int] = None
    given = run = 0  # frames that were yielded; frames in a row that say otherwise than before
    for frame, active in scored:
        held.append(frame)
        signing = start is not None
        run = run + 1 if active != signing else 0
        count, name = 0, start
        if signing:
            count = len(held) if not run else 0
            if run == plan.gap:
                count, start, run = min(plan.margin, len(held)), None, 0
        elif run == plan.shortest:
            count, run = len(held), 0
            name = start = given
        else:
            count = len(held) - plan.shortest - plan.margin + 1
        for _ in range(count):
            yield held.popleft(), name
        given += max(0, count)
    last = min(plan.margin, len(held)) if start is not None else 0
    yield from ((frame, start if place < last else None) for place, frame in enumerate(held))


def _part(scored: Tuple[Window, np.ndarray], first: int, last: int) -> Iterator[_Scored]:
    window, signs = scored
    for place in range(first - window.start, last - window.start):
        yield window.frames[place], bool(signs[place])
