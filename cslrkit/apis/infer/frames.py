"""The frames of a video as a model wants them: their size, rate and transforms, as a config's test data have them."""

import re
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import mmcv
import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose

from cslrkit.datasets.cslr_dataset import corpus_of
from cslrkit.datasets.transforms.checks import as_size
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import TRANSFORMS
from cslrkit.utils.checks import one_of
from cslrkit.video.clip import Clip, Frame
from cslrkit.video.images import central_part, resize_image
from cslrkit.video.inputs import Input, open_clips
from cslrkit.video.keypoints.clip import check_points, media_of

Times = Optional[Tuple[float, float]]  # seconds at which a frame begins and ends

FITS = ('stretch', 'crop')
_LOADERS = ('LoadFrames', 'LoadKeypoints')
_TIE = 1e-6  # seconds: of two frames that are equally near, the earlier one is taken
_SIZE_IN_NAME = re.compile(r'(?<!\d)(\d{2,4})x(\d{2,4})(?!\d)')


@dataclass(frozen=True)
class FrameSpec:
    """What is done to each frame of a video before the test transforms.

    Args:
        size: Width and height in pixels to which a frame is brought; None keeps its own.
        fit: ``'stretch'`` resizes whole frames, as corpora are prepared; ``'crop'`` first cuts the central
            part that has the shape of ``size``.
        crop_top: Rows that the config's loading step cuts off the top of each frame (CSL-Daily: 40).
        bilinear: Whether frames are resized as the config's loading step does, instead of by the
            Lanczos filter of the published preparation.
        frame_rate: Frames per second of the corpus, to which videos are resampled in time; None takes all
            frames as they are.
        interval: Every how many frames the model sees one.
        layout: Layout of a model that reads keypoints, whose frames are points (K, 3) and stay as they are.
    """

    size: Optional[Tuple[int, int]]
    fit: str = 'stretch'
    crop_top: int = 0
    bilinear: bool = False
    frame_rate: Optional[float] = None
    interval: int = 1
    layout: Optional[str] = None

    def prepare(self, frame: np.ndarray, *, where: str) -> np.ndarray:
        """Return an RGB frame (H, W, 3) cut and resized.

        Args:
            frame: The frame.
            where: How messages name the video.

        Raises:
            DataError: If nothing is left of it.
        """
        if self.layout is not None or frame.ndim == 2:
            return check_points(frame, self.layout, where=where)
        if self.crop_top >= frame.shape[0]:
            raise DataError(
                f'{where}: frames have {frame.shape[0]} rows, of which crop_top={self.crop_top} leaves none.'
            )
        frame = frame[self.crop_top :]
        if self.size is not None and self.fit == 'crop':
            frame = central_part(frame, self.size[0] / self.size[1])
        if self.size is None or (frame.shape[1], frame.shape[0]) == self.size:
            return frame
        return mmcv.imresize(frame, self.size, backend='cv2') if self.bilinear else resize_image(frame, self.size)


def frame_spec(
    config: Config,
    *,
    frame_size: Optional[Tuple[int, int]] = None,
    fit: str = 'stretch',
    frame_rate: Any = 'config',
) -> FrameSpec:
    """Return how a config's test data bring frames to the model.

    The size is ``frame_size`` if given; else that of the loading step (``LoadFrames(resize=...)``); else the
    one that the name of the folder of frames states (``fullFrame-256x256px`` is 256 wide and 256 high).

    Args:
        config: A config with a test (or else a validation) loader.
        frame_size: Width and height in pixels.
        fit: How frames of another shape are brought to that size, see :class:`FrameSpec`.
        frame_rate: Frames per second of the corpus; ``'config'`` takes what config or corpus say, None
            takes videos as they are.

    Raises:
        ConfigError: If the config has no such loader, does not begin by ``LoadFrames``, or says no size.
    """
    dataset = eval_dataset(config)
    loader = (dataset.get('pipeline') or [{}])[0]
    if loader.get('type') not in _LOADERS:
        raise ConfigError(
            f'config: the test pipeline begins with {loader.get("type")!r}, expected '
            f'{" or ".join(_LOADERS)}: for a video, only these are known to be replaceable.'
        )
    one_of('fit', fit, FITS)
    corpus = corpus_of(dataset)
    if frame_rate == 'config':
        frame_rate = dataset.get('frame_rate') or corpus.frame_rate
    elif frame_rate is not None and not (isinstance(frame_rate, (int, float)) and 0 < frame_rate < 1000):
        raise ConfigError(f'corpus frame rate: got {frame_rate!r}, expected frames per second.')
    spec = FrameSpec(
        None,
        fit,
        crop_top=loader.get('crop_top', 0),
        frame_rate=None if frame_rate is None else float(frame_rate),
        interval=loader.get('frame_interval') or dataset.get('frame_interval', 1),
    )
    if loader['type'] == 'LoadKeypoints':
        return replace(spec, layout=(dataset.get('keypoints') or {}).get('layout') or 'wholebody133')
    if frame_size is not None:
        height, width = as_size('frame_size', tuple(frame_size)[::-1])
        return replace(spec, size=(width, height))
    if loader.get('resize') is not None:
        height, width = as_size('LoadFrames: resize', loader['resize'])
        return replace(spec, size=(width, height), bilinear=True)
    own_folder = dataset.get('frame_subdir')
    if not own_folder and corpus.read_size is not None:
        return replace(spec, size=corpus.read_size)
    folder = own_folder or corpus.frame_subdir
    match = _SIZE_IN_NAME.search(folder)
    if match is None:
        raise ConfigError(
            f"frame size: the config's folder of frames ({folder!r}) does not say which size the frames had in "
            'training. Give frame_size=(width, height), on the command line --frame-size WxH.'
        )
    return replace(spec, size=(int(match[1]), int(match[2])))


def eval_dataset(config: Config) -> Mapping[str, Any]:
    """Return the dataset dict by which a config tests.

    Raises:
        ConfigError: If it has none.
    """
    for name in ('test_dataloader', 'val_dataloader'):
        if config.get(name) is not None:
            return config[name]['dataset']
    raise ConfigError('config: it has no test_dataloader, which says how frames are cropped and resized for the model.')


def clip_pipeline(config: Config) -> Compose:
    """Build the test transforms without their loading step: from ``imgs`` to the packed sample."""
    steps: List[Dict[str, Any]] = list(eval_dataset(config)['pipeline'])[1:]
    return Compose([TRANSFORMS.build(step) for step in steps])


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
    times: Times


def sample_frames(clip: Clip, spec: FrameSpec) -> Iterator[SampledFrame]:
    """Yield the frames of ``clip`` that the model sees, prepared, as :class:`FrameSampler` takes them."""
    sampler = FrameSampler(spec, where=clip.source, frame_rate=clip.frame_rate)
    for frame in chain(clip.frames(), (None,)):
        yield from sampler.push(frame)


class FrameSampler:
    """Takes frames one after the other and gives those that the model sees.

    At each tick of the corpus's clock the nearest frame is taken: a faster video loses frames, a slower one
    repeats them. Frames of unknown times are taken as they are. Of these, every ``spec.interval``-th is kept,
    beginning with the first.

    Args:
        spec: How frames are brought to the model.
        where: How messages name the video.
        frame_rate: Of the video, for the length of a frame that no other follows.
        first_tick: At which tick of the corpus's clock the video begins.
    """

    def __init__(self, spec: FrameSpec, *, where: str, frame_rate: Optional[float] = None, first_tick: int = 0) -> None:
        self._spec, self._where = spec, where
        self._previous: Optional[Frame] = None
        self._tick = first_tick
        self._length = 1 / frame_rate if frame_rate else 0.0  # of the frame before, in seconds
        self._position = 0  # among the frames at ticks
        self._prepared_index, self._prepared = -1, np.empty(0)

    def push(self, frame: Optional[Frame]) -> Iterator[SampledFrame]:
        """Take the next frame, or None after the last one; give what is known now."""
        for taken, times in self._at_ticks(frame):
            self._position += 1
            if (self._position - 1) % self._spec.interval:
                continue
            if taken.index != self._prepared_index:
                self._prepared_index = taken.index
                self._prepared = self._spec.prepare(taken.image, where=self._where)
            yield SampledFrame(self._prepared, taken.index, times)

    def _at_ticks(self, frame: Optional[Frame]) -> Iterator[Tuple[Frame, Times]]:
        """Yield the frame before at the ticks of the clock, or as it is, with begin and end in seconds."""
        previous, self._previous = self._previous, frame
        if previous is None:
            return
        if previous.time is None or (frame.time is None if frame else not self._length):
            yield previous, None
            return
        end = frame.time if frame else previous.time + self._length
        self._length = end - previous.time
        rate = self._spec.frame_rate
        if rate is None:
            yield previous, (previous.time, end)
        # A frame is the nearest one up to the middle between it and the next.
        while rate is not None and self._tick / rate < previous.time + self._length / 2 + _TIE:
            yield previous, (self._tick / rate, (self._tick + 1) / rate)
            self._tick += 1


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
    if frame_rate is not None:
        sample['frame_rate'] = frame_rate
    return pipeline(sample)
