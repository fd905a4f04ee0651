"""A short video as one packed sample, as the test loader gives it."""

from typing import Any, Dict, Optional, Sequence

import numpy as np
from mmengine.config import Config

from cslrkit.apis.infer.preparation import FrameSpec, clip_pipeline, frame_spec
from cslrkit.apis.infer.sampling import SampledFrame, sample_frames
from cslrkit.errors import DataError
from cslrkit.video.inputs import Input, open_clips


def read_clip(
    video: Input,
    config: Config,
    *,
    spec: Optional[FrameSpec] = None,
    frame_rate: Optional[float] = None,
    max_seconds: Optional[float] = None,
    duration: Optional[float] = None,
) -> Dict[str, Any]:
    """Read a whole video for a model; see :class:`~cslrkit.apis.CSLRInferencer` for long ones.

    Args:
        video: A video file, a folder of frames, a pattern of images, RGB frames (T, H, W, 3), or the index of
            a camera.
        config: The model's config, as ``init_recognizer`` returns it.
        spec: How frames are brought to the model; ``frame_spec(config)`` by default.
        frame_rate: Frames per second of an input that does not say; the corpus's by default.
        max_seconds: A longer video is an error; none of it stays in memory.
        duration: Seconds to record from a camera.

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
    clips = open_clips(video, frame_rate=frame_rate, duration=duration)
    if len(clips) != 1:
        raise DataError(f'read_clip: got {len(clips)} videos, expected one.')
    clip, frames = clips[0], []
    for frame in sample_frames(clip, spec):
        if max_seconds is not None and frame.times is None:
            raise DataError(f"'{clip.source}' has no frame rate, so max_seconds says nothing. Give frame_rate too.")
        if max_seconds is not None and frame.times[0] >= max_seconds:
            raise DataError(f"'{clip.source}' is longer than {max_seconds:g} s. Cut it, or raise the limit.")
        frames.append(frame)
    return as_sample(frames, clip_pipeline(config), name=clip.name, frame_rate=clip.frame_rate)


def as_sample(
    frames: Sequence[SampledFrame], pipeline: Any, *, name: str, frame_rate: Optional[float]
) -> Dict[str, Any]:
    """Run the test transforms on consecutive frames.

    Args:
        frames: At least one.
        pipeline: From ``clip_pipeline``.
        name: ``sample_id``.
        frame_rate: Of the video.
    """
    sample = dict(
        sample_id=name,
        imgs=np.stack([frame.image for frame in frames]),
        frame_indices=np.array([frame.index for frame in frames]),
        clip_len=len(frames),
    )
    if frame_rate is not None:
        sample['frame_rate'] = frame_rate
    return pipeline(sample)
