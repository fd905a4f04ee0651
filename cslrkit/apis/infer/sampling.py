"""Which frames of a clip the model sees: resampled to the corpus's frame rate, every n-th of them."""

from dataclasses import dataclass
from typing import Iterator, Optional, Tuple

import numpy as np

from cslrkit.apis.infer.preparation import FrameSpec
from cslrkit.video.clip import Clip, Frame

_TIE = 1e-6  # seconds: of two frames that are equally near, the earlier one is taken


@dataclass(frozen=True)
class SampledFrame:
    """A frame that the model sees.

    Args:
        image: RGB, uint8 (H, W, 3), cut and resized.
        index: Position of the frame in the clip.
        times: Seconds at which it begins and ends in the clip; None if they are not known.
    """

    image: np.ndarray
    index: int
    times: Optional[Tuple[float, float]]


def sample_frames(clip: Clip, spec: FrameSpec) -> Iterator[SampledFrame]:
    """Yield the frames of ``clip`` that the model sees, prepared.

    At each tick of the corpus's clock the nearest frame is taken: a faster video loses frames, a slower one
    repeats them. A clip of unknown rate is taken as it is. Of these, every ``spec.interval``-th is kept,
    beginning with the first.
    """
    prepared_index, prepared = -1, np.empty(0)
    for position, (frame, times) in enumerate(_resampled(clip, spec.frame_rate)):
        if position % spec.interval:
            continue
        if frame.index != prepared_index:
            prepared_index = frame.index
            prepared = spec.prepare(frame.image, where=clip.source, pixel_aspect=clip.pixel_aspect)
        yield SampledFrame(prepared, frame.index, times)


def _resampled(clip: Clip, rate: Optional[float]) -> Iterator[Tuple[Frame, Optional[Tuple[float, float]]]]:
    """Yield frames at the ticks of a clock of ``rate``, or each as it is, with begin and end in seconds."""
    previous: Optional[Frame] = None
    tick = 0
    length = 1 / clip.frame_rate if clip.frame_rate else 0.0  # of the frame before, in seconds
    for frame in clip.frames():
        if previous is not None:
            if previous.time is None or frame.time is None:
                yield previous, None
            else:
                length = frame.time - previous.time
                if rate is None:
                    yield previous, (previous.time, frame.time)
                else:
                    # The frame before is the nearest one up to the middle between the two.
                    while tick / rate < previous.time + length / 2 + _TIE:
                        yield previous, (tick / rate, (tick + 1) / rate)
                        tick += 1
        previous = frame
    if previous is None:
        return
    if previous.time is None or not length:
        yield previous, None
    elif rate is None:
        yield previous, (previous.time, previous.time + length)
    else:
        while tick / rate < previous.time + length / 2 + _TIE:
            yield previous, (tick / rate, (tick + 1) / rate)
            tick += 1
