"""What the demo does with one clip: glosses, the plot of their probabilities, and a video with heat maps."""

import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import cv2
import numpy as np
from torch import nn

from cslrkit.apis.infer.frames import read_clip
from cslrkit.apis.inferencer import WINDOW, CSLRInferencer
from cslrkit.demo.limits import LimitedVideo, Limits
from cslrkit.structures import GlossSpan
from cslrkit.structures.result import InferenceResult
from cslrkit.utils.messages import plural
from cslrkit.video.clip import Clip
from cslrkit.video.fonts import find_font
from cslrkit.visualization.alignment_picture import draw_alignment
from cslrkit.visualization.cam import GlossCam, compute_cam
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
    min_confidence: float = 0.0,
    report: Report = lambda done, what: None,
    scratch: Optional[Union[str, Path]] = None,
) -> ClipRun:
    """Recognize a clip and draw what the network saw in it.

    The heat maps are those of exactly the glosses of the result. They are computed in pieces of no more than 16
    seconds, so memory stays bounded.

    Args:
        inferencer: The model.
        path: A video file.
        limits: What is allowed; ``Limits()`` by default.
        min_confidence: Glosses below it, 0 to 1, are left out, which a note of the result says.
        report: Called with the share that is done, 0 to 1, and what comes next.
        scratch: Folder for a file that is removed at once; the system's by default.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it is no video, cannot be decoded, or is beyond the limits.
    """
    report(0.0, 'reading and recognizing')
    video = LimitedVideo(str(path), limits or Limits(), frame_rate=inferencer.spec.frame_rate)
    result = _confident(inferencer(video, keep_log_probs=True)[0], min_confidence)
    report(0.5, 'drawing the plot')
    clip = read_clip(video, inferencer.config, spec=inferencer.spec)
    rate = _clip_rate(inferencer, video, clip)
    plot = _draw_plot(
        inferencer.model, result, num_frames=len(clip['inputs']), rate=rate if result.frame_rate else None
    )
    cams: List[GlossCam] = []
    for done, found in _cam_pieces(inferencer.model, clip, result.spans, rate=rate):
        cams += found
        report(0.55 + 0.35 * done, 'computing heat maps')
    report(0.9, 'writing the video')
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        written = Path(folder, 'heat.webm')  # the kind that browsers play
        write_cam_video(clip_images(clip), cams, written, rate=rate)
        video = written.read_bytes()
    return ClipRun(Path(path).name, result, plot, video)


def _confident(result: InferenceResult, least: float) -> InferenceResult:
    spans = tuple(span for span in result.spans if span.confidence is None or span.confidence >= least)
    left_out = len(result.spans) - len(spans)
    if not left_out:
        return result
    note = f'{plural(left_out, "gloss")} below {100 * least:g} % confidence left out.'
    return replace(result, hyp=replace(result.hyp, spans=spans), notes=(*result.notes, note))


def _clip_rate(inferencer: CSLRInferencer, video: Clip, clip: Mapping[str, Any]) -> float:
    """Frames of the clip per second: the corpus's if the video could be resampled to it."""
    if inferencer.spec.frame_rate and video.frame_rate:
        return inferencer.spec.frame_rate / inferencer.spec.interval
    return clip_rate(clip['data_samples'])


def _draw_plot(model: nn.Module, result: InferenceResult, *, num_frames: int, rate: Optional[float]) -> bytes:
    picture = draw_alignment(
        result.log_probs,
        result.hyp,
        frame_indices=range(num_frames),
        frame_rate=rate,
        spec=model.neck.temporal_spec,
        vocab=model.vocab,
        title=result.name,
        font=find_font([*model.vocab.glosses, result.name]),
        width=_PLOT_WIDTH * max(1.0, min(num_frames / rate / _PLOT_SECONDS, 8.0) if rate else 1.0),
    )
    return cv2.imencode('.png', cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


def _cam_pieces(
    model: nn.Module, clip: Mapping[str, Any], spans: Sequence[GlossSpan], *, rate: float
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
        moved = [span.shifted(-first_step) for span in spans]
        targets = [
            replace(span, steps=(max(span.steps[0], 0), min(span.steps[1], num_steps - 1)))
            for span in moved
            if 0 <= sum(span.steps) // 2 < num_steps
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
