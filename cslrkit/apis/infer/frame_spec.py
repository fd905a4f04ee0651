"""How a model wants the frames of a video: their size, shape and rate, as a config's test data have them."""

import re
from dataclasses import dataclass, replace
from typing import Any, Mapping, Optional, Tuple

import mmcv
import numpy as np
from mmengine.config import Config

from cslrkit.corpora.base import Corpus
from cslrkit.datasets.cslr_dataset import corpus_of
from cslrkit.datasets.transforms.checks import as_size
from cslrkit.errors import ConfigError, DataError
from cslrkit.utils.checks import one_of
from cslrkit.video.clip import Frame
from cslrkit.video.images import central_part, resize_image
from cslrkit.video.keypoints.clip import check_beside, check_points

FITS = ('stretch', 'crop', 'pad')
_SAME_SHAPE = 0.05  # of two ratios of width and height, up to which one picture is resized to the other
_LOADERS = ('LoadFrames', 'LoadKeypoints')
_SIZE_IN_NAME = re.compile(r'(?<!\d)(\d{2,4})x(\d{2,4})(?!\d)')


@dataclass(frozen=True)
class FrameSpec:
    """What is done to each frame of a video before the test transforms.

    Args:
        size: Width and height in pixels to which a frame is brought; None keeps its own.
        fit: What is done to a frame of another shape than ``shape``: ``'stretch'`` resizes it as it is, ``'crop'``
            first cuts the central part of that shape, ``'pad'`` first lays it on black.
        shape: Width and height, in any unit, of what frames of the corpus showed before they were resized; that of
            ``size`` by default.
        crop_top: Rows that the config's loading step cuts off the top of each frame (CSL-Daily: 40).
        bilinear: Whether frames are resized as the config's loading step does, instead of by the
            Lanczos filter of the published preparation.
        frame_rate: Frames per second of the corpus, to which videos are resampled in time; None takes all
            frames as they are.
        interval: Every how many frames the model sees one.
        layout: Layout of a model that reads keypoints, whose frames are points (K, 3) and stay as they are.
        beside: Layout of the keypoints that a model reads beside frames.
    """

    size: Optional[Tuple[int, int]]
    fit: str = 'stretch'
    crop_top: int = 0
    bilinear: bool = False
    frame_rate: Optional[float] = None
    interval: int = 1
    layout: Optional[str] = None
    shape: Optional[Tuple[int, int]] = None
    beside: Optional[str] = None

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
        frame = self._fitted(frame)
        if self.size is None or (frame.shape[1], frame.shape[0]) == self.size:
            return frame
        return mmcv.imresize(frame, self.size, backend='cv2') if self.bilinear else resize_image(frame, self.size)

    def prepare_points(self, frame: Frame, *, where: str) -> np.ndarray:
        """Return the keypoints beside a frame (K, 3), moved as :meth:`prepare` moves what the frame shows.

        Raises:
            DataError: If it has none, or of another layout.
        """
        points = check_beside(frame.points, self.beside, where=where).copy()
        before = np.array(frame.image.shape[1::-1]) - (0, self.crop_top)
        fitted = np.array(self._fitted(frame.image).shape[1::-1])
        # Of what is cut off, or added, half lies before the picture, rounded towards 0.
        first = np.array((0, self.crop_top)) + np.trunc((before - fitted) / 2)
        found = points[:, 2] > 0
        points[found, :2] = (points[found, :2] - first) * (np.array(self.size or fitted) / fitted)
        return points

    def _fitted(self, frame: np.ndarray) -> np.ndarray:
        """Return a frame without the rows at its top, in the shape that the model is used to."""
        frame = frame[self.crop_top :]
        if self.differs(frame.shape[:2]) and self.fit != 'stretch':
            return (central_part if self.fit == 'crop' else _padded)(frame, self._aspect)
        return frame

    def differs(self, size: Tuple[int, int]) -> bool:
        """Whether a frame of that height and width, without the rows that are cut off, has another shape."""
        return self.size is not None and abs(size[1] / size[0] / self._aspect - 1) > _SAME_SHAPE

    @property
    def _aspect(self) -> float:
        width, height = self.shape or self.size
        return width / height


def frame_spec(
    config: Config,
    *,
    frame_size: Optional[Tuple[int, int]] = None,
    fit: Optional[str] = None,
    frame_rate: Any = 'config',
) -> FrameSpec:
    """Return how a config's test data bring frames to the model.

    The size is ``frame_size`` if given; else that of the loading step (``LoadFrames(resize=...)``); else ``frame_size``
    of the config, in which a training keeps the size of the frames where the corpus does not say it; else the one that
    the name of the folder of frames states (``fullFrame-256x256px`` is 256 wide and 256 high).

    Args:
        config: A config with a test (or else a validation) loader.
        frame_size: Width and height in pixels.
        fit: How frames of another shape are brought to that size, see :class:`FrameSpec`; by default as ``fit`` of
            the config says, else ``'crop'`` where the corpus says which shape its frames had, else ``'stretch'``.
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
    corpus = corpus_of(dataset)
    fit = one_of('fit', fit or config.get('fit') or ('crop' if corpus.frame_size else 'stretch'), FITS)
    if frame_rate == 'config':
        frame_rate = dataset.get('frame_rate') or config.get('frame_rate') or corpus.frame_rate
    if frame_rate is not None and not (isinstance(frame_rate, (int, float)) and 0 < frame_rate < 1000):
        raise ConfigError(f'corpus frame rate: got {frame_rate!r}, expected frames per second.')
    layout = (dataset.get('keypoints') or {}).get('layout') or 'wholebody133'
    later = [step.get('type') for step in dataset['pipeline'][1:]]
    spec = FrameSpec(
        None,
        fit,
        beside=layout if 'LoadKeypoints' in later else None,
        crop_top=loader.get('crop_top', 0),
        shape=_shape_of(corpus, loader.get('crop_top', 0)),
        frame_rate=None if frame_rate is None else float(frame_rate),
        interval=loader.get('frame_interval') or dataset.get('frame_interval', 1),
    )
    if loader['type'] == 'LoadKeypoints':
        return replace(spec, layout=layout)
    if frame_size is None and loader.get('resize') is None:
        frame_size = config.get('frame_size')  # set there, or by the training
    if frame_size is not None:
        is_pair = isinstance(frame_size, (tuple, list))
        height, width = as_size('frame_size', frame_size[::-1] if is_pair else frame_size)
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
            'training. Give frame_size=(width, height) in the config or from Python, tools/infer.py --frame-size WxH.'
        )
    return replace(spec, size=(int(match[1]), int(match[2])))


def _shape_of(corpus: Corpus, crop_top: int) -> Optional[Tuple[int, int]]:
    return corpus.frame_size and (corpus.frame_size[0], corpus.frame_size[1] - crop_top)


def eval_dataset(config: Config) -> Mapping[str, Any]:
    """Return the dataset dict by which a config tests.

    Raises:
        ConfigError: If it has none.
    """
    for name in ('test_dataloader', 'val_dataloader'):
        if config.get(name) is not None:
            return config[name]['dataset']
    raise ConfigError('config: it has no test_dataloader, which says how frames are cropped and resized for the model.')


def _padded(frame: np.ndarray, aspect: float) -> np.ndarray:
    """Lay a frame on the middle of black whose width is ``aspect`` times its height."""
    height, width = frame.shape[:2]
    rows, columns = max(0, round(width / aspect) - height), max(0, round(height * aspect) - width)
    return np.pad(frame, ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2), (0, 0)))
