"""The frames of a video as a model wants them: their size, rate and transforms, as a config's test data have them."""

from dataclasses import dataclass
from itertools import chain
from typing import Any, Dict, Iterator, List, Optional, Sequence

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose

from cslrkit.apis.infer.frame_spec import FITS, FrameSpec, eval_dataset, frame_spec
from cslrkit.errors import DataError
from cslrkit.registry import TRANSFORMS
from cslrkit.video.clip import Clip, Frame
from cslrkit.video.inputs import Input, open_clips
from cslrkit.video.keypoints.clip import media_of
from cslrkit.video.ticks import TickSampler, Times


def clip_pipeline(config: Config) -> Compose:
    """Build the test transforms without their loading steps: from ``imgs`` to the packed sample."""
    steps: List[Dict[str, Any]] = list(eval_dataset(config)['pipeline'])[1:]
    return Compose([TRANSFORMS.build(step) for step in steps if step['type'] != 'LoadKeypoints'])


@dataclass(frozen=True)
class SampledFrame:
    """A frame that the model sees.

    Args:
        image: RGB, uint8 (H, W, 3), cut and resized.
        index: Position of the frame in the clip.
        times: Seconds at which it begins and ends in the clip; None if they are not known.
        points: Keypoints in its pixels, float32 (K, 3), where the model reads them, too.
    """

    image: np.ndarray
    index: int
    times: Times
    points: Optional[np.ndarray] = None


def sample_frames(clip: Clip, spec: FrameSpec) -> Iterator[SampledFrame]:
    """Yield the frames of ``clip`` that the model sees, prepared, as :class:`FrameSampler` takes them."""
    sampler, note = FrameSampler(spec, where=clip.source, frame_rate=clip.frame_rate), ''
    for frame in chain(clip.frames(), (None,)):
        note = note or (_fit_note(clip, spec, frame.image) if frame else '')
        yield from sampler.push(frame)
    if note and note not in clip.notes:
        clip.notes = [*clip.notes, note]


class FrameSampler:
    """Takes frames one after the other and gives those that the model sees.

    At each tick of the corpus's clock the nearest frame is taken, as :class:`~cslrkit.video.ticks.TickSampler` does. Of
    these, every ``spec.interval``-th is kept, beginning with the first.

    Args:
        spec: How frames are brought to the model.
        where: How messages name the video.
        frame_rate: Of the video, for the length of a frame that no other follows.
        first_tick: At which tick of the corpus's clock the video begins.
    """

    def __init__(self, spec: FrameSpec, *, where: str, frame_rate: Optional[float] = None, first_tick: int = 0) -> None:
        self._spec, self._where = spec, where
        self._ticks = TickSampler(spec.frame_rate, frame_rate=frame_rate, first_tick=first_tick)
        self._position = 0  # among the frames at ticks
        self._prepared_index, self._prepared = -1, np.empty(0)
        self._points: Optional[np.ndarray] = None

    def push(self, frame: Optional[Frame]) -> Iterator[SampledFrame]:
        """Take the next frame, or None after the last one; give what is known now."""
        for taken, times in self._ticks.push(frame):
            self._position += 1
            if (self._position - 1) % self._spec.interval:
                continue
            if taken.index != self._prepared_index:
                self._prepared_index = taken.index
                self._prepared = self._spec.prepare(taken.image, where=self._where)
                if self._spec.beside is not None:
                    self._points = self._spec.prepare_points(taken, where=self._where)
            yield SampledFrame(self._prepared, taken.index, times, self._points)


def _fit_note(clip: Clip, spec: FrameSpec, image: np.ndarray) -> str:
    """Say what was done to frames of another shape than those of the training."""
    height, width = image.shape[0] - spec.crop_top, image.shape[1]
    if image.ndim == 2 or height <= 0:  # keypoints, or an error when it is prepared
        return ''
    if not spec.differs((height, width)):
        return ''
    done = dict(stretch='they are stretched', crop='their sides are cut off', pad='black is added')[spec.fit]
    others = ' or '.join(f'--fit {fit}' for fit in FITS if fit != spec.fit)
    return f"'{clip.source}' has frames of {width}x{height}, another shape than in training: {done} ({others})."


def read_clip(
    video: Input,
    config: Config,
    *,
    spec: Optional[FrameSpec] = None,
    frame_rate: Optional[float] = None,
    max_seconds: Optional[float] = None,
) -> Dict[str, Any]:
    """Read a whole video for a model; see :class:`~cslrkit.apis.CSLRInferencer` for long ones.

    Args:
        video: A video file, a folder of frames, a pattern of images, RGB frames (T, H, W, 3), or a clip that
            ``open_clips`` gave, such as one of a camera.
        config: The model's config, as ``init_recognizer`` returns it.
        spec: How frames are brought to the model; ``frame_spec(config)`` by default.
        frame_rate: Frames per second of an input that does not say; the corpus's by default.
        max_seconds: A longer video is an error; none of it stays in memory.

    Returns:
        ``inputs`` uint8 (T, C, H, W) and ``data_samples``: ``model.test_step(pseudo_collate([clip]))`` predicts, and
        the times of its hypotheses are those of the video.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it is no single video, cannot be read, or is too long; or if its length is limited and it
            has no frame rate.
    """
    spec = frame_spec(config) if spec is None else spec
    frame_rate = spec.frame_rate if frame_rate is None else frame_rate
    clips = open_clips(video, frame_rate=frame_rate)
    if len(clips) != 1:
        raise DataError(f'read_clip: got {len(clips)} videos, expected one.')
    clip, frames = clips[0], []
    for frame in sample_frames(clip, spec):
        if max_seconds is not None and frame.times is None:
            raise DataError(f"'{clip.source}' has no frame rate, so max_seconds says nothing. Give frame_rate too.")
        if max_seconds is not None and frame.times[0] >= max_seconds:
            raise DataError(f"'{clip.source}' is longer than {max_seconds:g} s. Cut it, or raise the limit.")
        frames.append(frame)
    return as_sample(frames, clip_pipeline(config), clip=clip, name=clip.name, frame_rate=clip.frame_rate)


def as_sample(
    frames: Sequence[SampledFrame], pipeline: Any, *, clip: Optional[Clip], name: str, frame_rate: Optional[float]
) -> Dict[str, Any]:
    """Run the test transforms on consecutive frames.

    Args:
        frames: At least one.
        pipeline: From ``clip_pipeline``.
        clip: Where they come from, if from a clip.
        name: ``sample_id``.
        frame_rate: Of the video.
    """
    sample = dict(
        sample_id=name,
        **media_of(np.stack([frame.image for frame in frames]), clip),
        frame_indices=np.array([frame.index for frame in frames]),
        clip_len=len(frames),
    )
    if frames[0].points is not None:
        height, width = sample['imgs'].shape[1:3]
        points = np.stack([frame.points for frame in frames])
        sample.update(keypoints=points, layout=clip.points_layout, image_size=(width, height))
    if frame_rate is not None:
        sample['frame_rate'] = frame_rate
    return pipeline(sample)
