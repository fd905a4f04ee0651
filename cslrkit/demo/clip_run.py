"""What the demo does with one clip: glosses, the plot of their probabilities, and a video with heat maps."""

import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple, Union

import cv2
import numpy as np
from torch import nn

from cslrkit.apis.infer.clip import read_clip
from cslrkit.apis.inferencer import WINDOW, CSLRInferencer
from cslrkit.demo.limits import LimitedVideo, Limits
from cslrkit.structures import Hypothesis
from cslrkit.structures.result import InferenceResult
from cslrkit.video.fonts import find_font
from cslrkit.video.readers import Source
from cslrkit.visualization.alignment_picture import AlignmentData, draw_alignment
from cslrkit.visualization.cam import CamTarget, GlossCam, compute_cam
from cslrkit.visualization.cam_pictures import clip_images, clip_rate, write_cam_video

Report = Callable[[float, str], None]

_PLOT_WIDTH, _PLOT_SECONDS = 9.0, 12.0  # inches of the plot of a clip up to this length; longer ones get more


@dataclass(frozen=True)
class ClipRun:
    """What came of one clip; all of it is in memory.

    Args:
        name: Name of the file.
        result: Glosses with times and confidences.
        plot: The alignment plot as a PNG file.
        video: The clip with heat maps and captions as a WebM file.
    """

    name: str
    result: InferenceResult
    plot: bytes
    video: bytes


def run_clip(
    inferencer: CSLRInferencer,
    path: Union[str, Path],
    *,
    limits: Optional[Limits] = None,
    report: Optional[Report] = None,
    scratch: Optional[Union[str, Path]] = None,
) -> ClipRun:
    """Recognize a clip and draw what the network saw in it.

    The heat maps are those of exactly the glosses of the result. They are computed in pieces of no more than 16
    seconds, so memory stays bounded.

    Args:
        inferencer: The model.
        path: A video file.
        limits: What is allowed; ``Limits()`` by default.
        report: Called with the share that is done, 0 to 1, and what comes next.
        scratch: Folder for a file that is removed at once; the system's by default.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it is no video, cannot be decoded, or is beyond the limits.
    """
    report = report or _silent
    limits = limits or Limits()
    report(0.0, 'reading and recognizing')
    source = LimitedVideo(str(path), limits, frame_rate=inferencer.spec.frame_rate)
    heard: List[Tuple[np.ndarray, Hypothesis]] = []
    result = inferencer(source, listen=lambda *stretch: heard.append(stretch))[0]
    log_probs, steps = _joined(heard)
    report(0.5, 'drawing the plot')
    clip = read_clip(source, inferencer.config, spec=inferencer.spec)
    plot = _draw_plot(inferencer, source, clip, log_probs, steps)
    cams: List[GlossCam] = []
    for done, found in _cam_pieces(inferencer.model, clip, steps, rate=_clip_rate(inferencer, source, clip)):
        cams += found
        report(0.55 + 0.35 * done, 'computing heat maps')
    report(0.9, 'writing the video')
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        written = Path(folder, 'heat.webm')  # the kind that browsers play
        write_cam_video(clip_images(clip), cams, written, rate=_clip_rate(inferencer, source, clip))
        video = written.read_bytes()
    return ClipRun(Path(path).name, result, plot, video)


def _silent(done: float, what: str) -> None:
    pass


def _joined(heard: List[Tuple[np.ndarray, Hypothesis]]) -> Tuple[np.ndarray, List[Tuple[int, int, int]]]:
    """All log-probabilities of a clip, and gloss id, first and last step of each gloss."""
    steps: List[Tuple[int, int, int]] = []
    start = 0
    for log_probs, hyp in heard:
        steps += [(gloss, start + first, start + last) for gloss, (first, last) in zip(hyp.gloss_ids, hyp.step_spans)]
        start += len(log_probs)
    return np.concatenate([log_probs for log_probs, _ in heard]), steps


def _clip_rate(inferencer: CSLRInferencer, source: Source, clip: Mapping[str, Any]) -> float:
    """Frames of the clip per second: the corpus's if the source could be resampled to it."""
    if inferencer.spec.frame_rate and source.frame_rate:
        return inferencer.spec.frame_rate / inferencer.spec.interval
    return clip_rate(clip['data_samples'])


def _draw_plot(
    inferencer: CSLRInferencer,
    source: Source,
    clip: Mapping[str, Any],
    log_probs: np.ndarray,
    steps: List[Tuple[int, int, int]],
) -> bytes:
    model, num_frames = inferencer.model, len(clip['inputs'])
    rate = _clip_rate(inferencer, source, clip) if source.frame_rate else 1.0

    def times(first: int, last: int) -> Tuple[float, float]:
        start, end = model.neck.temporal_spec.frame_span(first, last, num_frames)
        return start / rate, end / rate

    data = AlignmentData(
        sample_id=source.name,
        times=np.array([np.mean(times(step, step)) for step in range(len(log_probs))]),
        probs=np.exp(log_probs),
        reference=[],
        hypothesis=[(model.vocab.decode([gloss])[0], *times(first, last)) for gloss, first, last in steps],
        unit='s' if source.frame_rate else 'frames',
    )
    width = _PLOT_WIDTH * max(1.0, min(num_frames / rate / _PLOT_SECONDS, 8.0) if source.frame_rate else 1.0)
    picture = draw_alignment(data, model.vocab, font=find_font([*model.vocab.glosses, source.name]), width=width)
    return cv2.imencode('.png', cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


def _cam_pieces(
    model: nn.Module, clip: Mapping[str, Any], steps: List[Tuple[int, int, int]], *, rate: float
) -> Iterator[Tuple[float, List[GlossCam]]]:
    """Yield the share that is done and the heat maps of each piece's glosses, in frames of the whole clip."""
    spec, num_frames = model.neck.temporal_spec, len(clip['inputs'])
    align = model.frames_in_phase
    pieces = max(1, math.ceil(num_frames / max(align, WINDOW * rate)))
    length = math.ceil(num_frames / pieces / align) * align
    for start in range(0, num_frames, length):
        piece = _cut(clip, start, start + length)
        first_step = start // spec.total_stride
        num_steps = spec.feat_len(spec.frame_len(len(piece['inputs'])))
        targets = [
            CamTarget(
                model.vocab.decode([gloss])[0],
                max(first - first_step, 0),
                min(last - first_step, num_steps - 1),
            )
            for gloss, first, last in steps
            if 0 <= (first + last) // 2 - first_step < num_steps
        ]
        cams = compute_cam(model, piece, targets=targets) if targets else []
        yield min((start + length) / num_frames, 1.0), [_shifted(cam, start, num_frames) for cam in cams]


def _cut(clip: Mapping[str, Any], start: int, end: int) -> Dict[str, Any]:
    sample = clip['data_samples'].clone()
    indices = sample.frame_indices[start:end]
    sample.set_metainfo(dict(frame_indices=indices, clip_len=len(indices)))
    return dict(inputs=clip['inputs'][start:end], data_samples=sample)


def _shifted(cam: GlossCam, start: int, num_frames: int) -> GlossCam:
    """A heat map of a piece as one of the whole clip, without heat in other pieces."""
    heat = np.zeros((num_frames, *cam.map.shape[1:]), cam.map.dtype)
    heat[start : start + len(cam.map)] = cam.map
    first, end = cam.clip_span
    return replace(cam, clip_span=(first + start, end + start), map=heat)
