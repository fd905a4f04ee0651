"""Heat maps on the frames that they explain: grids, videos and single frames."""

import math
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Union

import cv2
import numpy as np

from cslrkit.errors import DataError
from cslrkit.utils.checks import one_of
from cslrkit.utils.files import ensure_writable_dir
from cslrkit.video.captions import CaptionPainter
from cslrkit.video.video_writer import VideoWriter
from cslrkit.visualization.cam import GlossCam
from cslrkit.visualization.canvas import Canvas, save_picture, scaled

FORMATS = ('grid', 'video', 'frames')

_COLUMNS = 8
_TILE = 128  # pixels, height of a frame in a grid
_VIDEO_HEIGHT = 256  # pixels at least
_OPACITY = 0.65  # of the hottest places
_IN_SPAN, _OUTSIDE = (255, 190, 40), (90, 90, 90)
_USUAL_RATE = 25.0


def clip_images(clip: Mapping[str, Any]) -> np.ndarray:
    """Return the frames of a packed sample as RGB images, uint8 (T, H, W, 3); a DataError if it has other media."""
    inputs = clip['inputs']
    frames = inputs.get('frames') if isinstance(inputs, Mapping) else inputs
    if frames is None or frames.dim() != 4:
        got = list(inputs) if frames is None else tuple(frames.shape)
        raise DataError(f"sample '{clip['data_samples'].sample_id}': got inputs {got}, expected frames to show.")
    return frames.permute(0, 2, 3, 1).numpy()


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay heat over an image; where there is none, the image is left as it is.

    Args:
        image: RGB, uint8 (H, W, 3).
        heat: Within 0 to 1, (H, W).
    """
    heat = np.clip(heat, 0.0, 1.0)
    colours = cv2.applyColorMap(np.uint8(255 * heat), cv2.COLORMAP_TURBO)[:, :, ::-1]
    opacity = _OPACITY * heat[:, :, None]
    return np.uint8(np.rint(image * (1 - opacity) + colours * opacity))


def cam_grid(images: np.ndarray, cams: Sequence[GlossCam], *, heading: str = '') -> np.ndarray:
    """Draw a row of frames for each gloss: those of its span and around it, with the heat.

    A row has eight frames; of a longer span, frames at equal distances. Those of the span have a bright
    edge. A row's colours are scaled to its hottest place.

    Args:
        images: The clip, RGB, uint8 (T, H, W, 3).
        cams: Of this clip.
        heading: Title of the picture.

    Returns:
        RGB picture, uint8.
    """
    tile_height = max(_TILE, images.shape[1])
    tile_width = round(tile_height * images.shape[2] / images.shape[1])
    columns = min(_COLUMNS, len(images))
    canvas = Canvas((tile_width + 4) * columns + 4, texts=[cam.span.gloss for cam in cams] + [heading])
    if heading:
        canvas.text(heading, size=17)
    for cam in cams:
        canvas.text(_title(cam))
        shown = _frames_shown(cam, columns, len(images))
        heat = cam.frame_heat(shown, (tile_height, tile_width))
        heat = heat / max(float(heat.max()), np.finfo(np.float32).tiny)
        tiles = []
        for frame, each in zip(shown, heat):
            inner = overlay(scaled(images[frame], tile_height, tile_width), each)[2:-2, 2:-2]
            edge = _IN_SPAN if frame in range(*cam.clip_span) else _OUTSIDE
            tiles.append(cv2.copyMakeBorder(inner, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=edge))
        canvas.row(tiles)
    if not cams:
        canvas.text('no gloss was decoded')
    return canvas.picture()


def write_cam_video(
    images: np.ndarray, cams: Sequence[GlossCam], path: Union[str, Path], *, rate: float, font: Optional[str] = None
) -> None:
    """Write the clip with heat and running captions; a frame shows the heat of the gloss nearest to it.

    Args:
        images: The clip, RGB, uint8 (T, H, W, 3).
        cams: Of this clip.
        path: ``.mp4``, ``.webm``, ``.avi`` or ``.mkv``.
        rate: Frames per second.
        font: A font file; by default one that has all characters of the glosses.
    """
    factor = max(1, math.ceil(_VIDEO_HEIGHT / images.shape[1]))
    height, width = images.shape[1] * factor, images.shape[2] * factor
    spans = [replace(cam.span, frames=cam.clip_span) for cam in cams]
    painter = CaptionPainter(spans, pause=round(1.5 * rate), font=font)
    with closing(VideoWriter(path, rate)) as writer:
        for index, image in enumerate(images):
            frame = scaled(image, height, width)
            if cams:
                nearest = min(cams, key=lambda cam: abs(np.clip(index, cam.clip_span[0], cam.clip_span[1] - 1) - index))
                frame = overlay(frame, nearest.frame_heat(index, (height, width)))
            writer.write(painter.draw(frame, index))


def write_cams(
    clip: Mapping[str, Any],
    cams: Sequence[GlossCam],
    out_dir: Union[str, Path],
    *,
    formats: Sequence[str] = ('grid',),
    heading: str = '',
    font: Optional[str] = None,
) -> List[Path]:
    """Write the heat maps of a clip as files named by its ``sample_id``.

    Args:
        clip: The packed sample.
        cams: From :func:`~cslrkit.visualization.compute_cam`.
        out_dir: Folder, made if need be.
        formats: ``'grid'`` a picture, ``'video'`` a video, ``'frames'`` a folder with a picture of each frame of each
            gloss's span.
        heading: Title of the grid; the sample by default.
        font: A font file for the captions of the video.

    Returns:
        What was written; for ``'frames'`` the folder.

    Raises:
        ConfigError: For another format.
        OutputError: If a file cannot be written.
    """
    out_dir = ensure_writable_dir(out_dir, what='output', option='--out')
    images, sample = clip_images(clip), clip['data_samples']
    name = sample.sample_id.replace('/', '_')
    written = []
    for kind in formats:
        one_of('format', kind, FORMATS)
        if kind == 'grid':
            written.append(save_picture(cam_grid(images, cams, heading=heading or name), out_dir / f'{name}.png'))
        elif kind == 'video':
            written.append(out_dir / f'{name}.webm')  # the kind that browsers play
            write_cam_video(images, cams, written[-1], rate=clip_rate(sample), font=font)
        else:
            written.append(out_dir / name)
            for place, cam in enumerate(cams):
                for frame in range(*cam.clip_span):
                    picture = overlay(images[frame], cam.frame_heat(frame))
                    # Names without the gloss: not every file system has every character.
                    save_picture(picture, written[-1] / f'gloss{place:02d}_frame{sample.frame_indices[frame]:04d}.png')
    return written


def clip_rate(sample: Any) -> float:
    """Frames per second of a clip, of which the source may have more."""
    indices = sample.frame_indices
    if not sample.frame_rate or len(indices) < 2 or indices[-1] == indices[0]:
        return sample.frame_rate or _USUAL_RATE
    return sample.frame_rate * (len(indices) - 1) / (indices[-1] - indices[0])


def _title(cam: GlossCam) -> str:
    span, (first, end) = cam.span, cam.span.frames
    times = '' if span.times is None else f'{span.start:.2f} to {span.end:.2f} s, '
    return f'{span.gloss}   {times}frames {first} to {end - 1}, log p {cam.score:.2f}'


def _frames_shown(cam: GlossCam, columns: int, num_frames: int) -> List[int]:
    start, end = cam.clip_span
    if end - start >= columns:
        return [int(frame) for frame in np.linspace(start, end - 1, columns).round()]
    begin = min(max(0, (start + end - columns) // 2), num_frames - columns)
    return list(range(begin, begin + columns))
