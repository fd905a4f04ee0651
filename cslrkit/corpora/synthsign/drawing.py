"""Draw clips and write their frames, in several processes where it pays."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Optional, Sequence

import cv2
import numpy as np

from cslrkit.corpora.base import Corpus, DrawnClip
from cslrkit.corpora.synthsign.figure import Canvas, draw_signer
from cslrkit.corpora.synthsign.motion import Performance
from cslrkit.corpora.synthsign.randomness import stream
from cslrkit.corpora.synthsign.signers import Signer
from cslrkit.corpora.synthsign.spec import CorpusSpec
from cslrkit.errors import OutputError
from cslrkit.utils.parallel import available_cpus, run_parallel
from cslrkit.utils.progress import ProgressLine

_SERIAL_FRAMES = 1500  # fewer frames are drawn in this process, sooner than others would start
# Flat colours compress well at any level; these are the fast ones.
_WRITE_OPTIONS = {
    '.png': (cv2.IMWRITE_PNG_COMPRESSION, 4, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT),
    '.jpg': (cv2.IMWRITE_JPEG_QUALITY, 92),
}


@dataclass(frozen=True)
class DrawingTask:
    """All that it takes to draw one clip."""

    clip: DrawnClip
    performance: Performance
    folder: Path


def _draw_clip(task: DrawingTask, *, corpus: Corpus, signers: Sequence[Signer], spec: CorpusSpec, seed: int) -> int:
    """Write the frames of a clip and return their number."""
    clip = task.clip
    signer = signers[clip.signer]
    rng = stream(seed, 'camera', clip.split, clip.index)
    zoom = signer.height * (1 + 0.015 * spec.variation * rng.uniform(-1, 1))
    offset = tuple(0.03 * spec.variation * rng.uniform(-1, 1, size=2))
    margin = corpus.load_frames.get('crop_top', 0)  # readers cut it off
    nod_phase = rng.uniform(0, 2 * np.pi)
    try:
        task.folder.mkdir(parents=True, exist_ok=True)
        for index, pose in enumerate(task.performance.poses):
            canvas = Canvas(spec.frame_size, signer.backdrop, margin_top=margin, zoom=zoom, offset=offset)
            nod = 0.012 * np.sin(nod_phase + 0.25 * index)
            draw_signer(canvas, signer, pose, hand_scale=spec.hand_scale, nod=nod)
            _write_image(task.folder / corpus.frame_name(clip, index), canvas.frame())
    except OSError as error:
        raise OutputError(f"'{task.folder}': frames cannot be written: {error}.") from error
    return len(task.performance.poses)


def _write_image(path: Path, image: np.ndarray) -> None:
    done, encoded = cv2.imencode(path.suffix, np.ascontiguousarray(image[..., ::-1]), _WRITE_OPTIONS[path.suffix])
    if not done:
        raise OutputError(f"'{path}': OpenCV cannot encode a frame of {image.shape}.")
    path.write_bytes(encoded.tobytes())


def draw_all(
    tasks: Sequence[DrawingTask],
    *,
    corpus: Corpus,
    signers: Sequence[Signer],
    spec: CorpusSpec,
    seed: int,
    num_workers: Optional[int],
    progress: bool,
) -> None:
    """Draw every clip of ``tasks``; for the arguments see ``make_corpus``.

    Raises:
        OutputError: If a frame cannot be written.
    """
    drawer = partial(_draw_clip, corpus=corpus, signers=signers, spec=spec, seed=seed)
    total = sum(len(task.performance.poses) for task in tasks)
    if num_workers is None:
        num_workers = 1 if total < _SERIAL_FRAMES else available_cpus()
    line = ProgressLine('drawing frames', total, shown=progress)
    for _, frames in run_parallel(drawer, tasks, workers=num_workers):
        line.add(frames)
    line.close()
