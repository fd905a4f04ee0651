"""A short video as one packed sample, as the test loader gives it."""

from typing import Any, Dict, List, Optional

import numpy as np
from mmengine.config import Config

from cslrkit.apis.infer.preparation import FrameSpec, clip_pipeline, frame_spec
from cslrkit.apis.infer.sampling import Sample, sample_frames
from cslrkit.errors import DataError
from cslrkit.video.sources import Input, open_sources


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
    sources = open_sources(video, frame_rate=frame_rate, duration=duration)
    if len(sources) != 1:
        raise DataError(f'read_clip: got {len(sources)} videos, expected one.')
    source = sources[0]
    samples: List[Sample] = []
    for sample in sample_frames(source, spec):
        if max_seconds is not None and sample.times is None:
            raise DataError(f"'{source.where}' has no frame rate, so max_seconds says nothing. Give frame_rate too.")
        if max_seconds is not None and sample.times[0] >= max_seconds:
            raise DataError(f"'{source.where}' is longer than {max_seconds:g} s. Cut it, or raise the limit.")
        samples.append(sample)
    return pack_samples(samples, clip_pipeline(config), name=source.name, frame_rate=source.frame_rate)


def pack_samples(samples: List[Sample], pipeline: Any, *, name: str, frame_rate: Optional[float]) -> Dict[str, Any]:
    """Run the test transforms on consecutive samples.

    Args:
        samples: At least one.
        pipeline: From ``clip_pipeline``.
        name: ``sample_id``.
        frame_rate: Of the source.
    """
    clip = dict(
        sample_id=name,
        imgs=np.stack([sample.image for sample in samples]),
        frame_indices=np.array([sample.index for sample in samples]),
        clip_len=len(samples),
    )
    if frame_rate is not None:
        clip['frame_rate'] = frame_rate
    return pipeline(clip)
