"""Draw clips and write their frames, in several processes where it pays."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Iterator, Optional, Sequence, Tuple, Type

import cv2
import numpy as np

from cslrkit.corpora.base import Corpus, DrawnClip
from cslrkit.corpora.synthsign.figure import Camera, Canvas, draw_signer
from cslrkit.corpora.synthsign.motion import Performance
from cslrkit.corpora.synthsign.randomness import stream
from cslrkit.corpora.synthsign.signers import Signer
from cslrkit.corpora.synthsign.spec import CorpusSpec
from cslrkit.errors import OutputError
from cslrkit.utils.parallel import available_cpus, map_parallel

_SERIAL_FRAMES = 1500  # fewer frames are drawn in this process, sooner than others would start
# Flat colors compress well at any level; these are the fast ones.
_WRITE_OPTIONS = {
    '.png': (cv2.IMWRITE_PNG_COMPRESSION, 4, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT),
    '.jpg': (cv2.IMWRITE_JPEG_QUALITY, 92),
}


@dataclass(frozen=True)
class DrawingTask:
    """All that it takes to draw one clip."""

    clip: DrawnClip
    performance: Performance
    signer: Signer
    folder: Path


def draw_all(
    tasks: Sequence[DrawingTask],
    corpus: Corpus,
    spec: CorpusSpec,
    *,
    seed: int,
    num_workers: Optional[int],
    progress: bool,
) -> None:
    """Draw every clip of ``tasks``; for the arguments and errors see ``make_corpus``."""
    if num_workers is None:
        num_workers = 1 if sum(map(_num_frames, tasks)) < _SERIAL_FRAMES else available_cpus()
    draw = partial(_draw_clip, corpus=corpus, spec=spec, seed=seed)
    map_parallel(draw, tasks, what='drawing frames', units=_num_frames, workers=num_workers, progress=progress)


def _num_frames(task: DrawingTask) -> int:
    return len(task.performance.poses)


def film(task: DrawingTask, corpus: Corpus, spec: CorpusSpec, *, seed: int) -> Tuple[Camera, np.ndarray]:
    """Return the camera of a clip, and how far the head is shifted down in each of its frames, body units (T,)."""
    rng = stream(seed, 'camera', task.clip.split, task.clip.index)
    zoom = task.signer.height * (1 + 0.015 * spec.variation * rng.uniform(-1, 1))
    offset = tuple(0.03 * spec.variation * rng.uniform(-1, 1, size=2))
    nods = 0.012 * np.sin(rng.uniform(0, 2 * np.pi) + 0.25 * np.arange(len(task.performance.poses)))
    margin = corpus.load_frames.get('crop_top', 0)  # readers cut it off
    return Camera(spec.frame_size, margin_top=margin, zoom=zoom, offset=offset), nods


def _draw_clip(task: DrawingTask, *, corpus: Corpus, spec: CorpusSpec, seed: int) -> None:
    try:
        task.folder.mkdir(parents=True, exist_ok=True)
        for index, canvas in enumerate(drawn_frames(task, corpus, spec, seed=seed)):
            _write_image(task.folder / corpus.frame_name(task.clip, index), canvas.frame())
    except OSError as error:
        raise OutputError(f"'{task.folder}': frames cannot be written: {error}.") from error


def drawn_frames(
    task: DrawingTask, corpus: Corpus, spec: CorpusSpec, *, seed: int, kind: Type[Canvas] = Canvas
) -> Iterator[Canvas]:
    """Yield each frame of a clip, drawn on a canvas of a ``kind``."""
    camera, nods = film(task, corpus, spec, seed=seed)
    for pose, nod in zip(task.performance.poses, nods):
        canvas = kind(camera, task.signer.backdrop)
        draw_signer(canvas, task.signer, pose, hand_scale=spec.hand_scale, nod=nod)
        yield canvas


def _write_image(path: Path, image: np.ndarray) -> None:
    done, encoded = cv2.imencode(path.suffix, np.ascontiguousarray(image[..., ::-1]), _WRITE_OPTIONS[path.suffix])
    if not done:
        raise OutputError(f"'{path}': OpenCV cannot encode a frame of {image.shape}.")
    path.write_bytes(encoded.tobytes())
