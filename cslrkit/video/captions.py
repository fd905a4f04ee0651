"""A video with its glosses as running captions."""

import os
from contextlib import closing
from pathlib import Path
from typing import List, Optional, Sequence, Tuple, Union

import numpy as np
from PIL import Image, ImageDraw

from cslrkit.errors import ConfigError
from cslrkit.structures import GlossSpan
from cslrkit.structures.result import InferenceResult
from cslrkit.utils.files import write_beside
from cslrkit.video.clip import Clip
from cslrkit.video.lettering import Lettering
from cslrkit.video.sound import Sound
from cslrkit.video.video_writer import VideoWriter, check_video_name

PAUSE = 1.5  # seconds after a gloss at which it is taken away
_NOW, _BEFORE = (255, 214, 64), (225, 225, 225)  # colours of the current gloss and of those before it


def write_captioned(clip: Clip, result: InferenceResult, path: Union[str, Path], *, font: Optional[str] = None) -> None:
    """Write the frames of a clip with captions: same size, number and times, and its sound.

    The line at the bottom holds the glosses since the last pause, the one that is being signed in
    colour; it drops its oldest where it would be wider than the frame. Right-to-left scripts begin on the right.

    Args:
        clip: What the result is of; it is read once more.
        result: The glosses.
        path: ``.mp4``, ``.avi`` or ``.webm``, or ``.mkv`` without loss.
        font: A font file; others fill in for characters that it lacks.

    Raises:
        ConfigError: For another suffix, or if ``path`` is the clip's own file.
        DataError: If ``font`` cannot be read as a font.
        OutputError: If the file cannot be written.
    """
    path = _beside(Path(path), [clip])
    check_video_name(path)
    painter = CaptionPainter(result.spans, pause=round(PAUSE * (result.frame_rate or 25.0)), font=font)

    def write(temporary: Path) -> None:
        with closing(VideoWriter(temporary, result.frame_rate or 25.0, sound=Sound(clip))) as writer:
            for frame in clip.frames():
                writer.write(painter.draw(frame.image, frame.index), frame.time)

    write_beside(path, write)


def captioned_paths(path: Union[str, Path], clips: Sequence[Clip]) -> List[Path]:
    """Return where the captioned video of each clip goes.

    Args:
        path: A video file, for one clip; or a folder, in which files are named by the clips.
        clips: The clips.

    Raises:
        ConfigError: For a file and several clips, for a suffix that cannot be written, or where a clip's own file
            would be overwritten.
    """
    path = Path(path)
    if path.is_dir() or not path.suffix:
        return [_beside(path / f'{clip.name}.mp4', clips) for clip in clips]
    check_video_name(path)
    if len(clips) != 1:
        raise ConfigError(
            f"video: got the one file '{path}' for {len(clips)} inputs. Name a folder (without a suffix)."
        )
    return [_beside(path, clips)]


def _beside(path: Path, clips: Sequence[Clip]) -> Path:
    """Return ``path`` unless a clip is read from it: writing begins by emptying the file."""
    if path.exists() and any(os.path.exists(clip.source) and path.samefile(clip.source) for clip in clips):
        raise ConfigError(f"video: '{path}' is an input itself. Name another file or folder for the captioned video.")
    return path


class CaptionPainter:
    """Draws the glosses up to a frame onto it.

    Args:
        spans: The glosses, in order; the attribute may be replaced by others of the same characters.
        pause: Frames without a gloss after which the line is cleared.
        font: A font file.
    """

    def __init__(self, spans: Sequence[GlossSpan], *, pause: int, font: Optional[str] = None) -> None:
        self.spans, self._pause = list(spans), pause
        self._letters = Lettering([span.gloss for span in spans], font)

    def visible(self, index: int) -> Tuple[List[str], bool]:
        """Return the glosses of the line at frame ``index``, and whether the last one is being signed."""
        line: List[str] = []
        end = -self._pause
        for span in self.spans:
            if span.frames[0] > index:
                break
            if span.frames[0] - end >= self._pause:
                line = []
            line.append(span.gloss)
            end = span.frames[1]
        if index - end >= self._pause:
            line = []
        return line, bool(line) and index < end

    def draw(self, frame: np.ndarray, index: int) -> np.ndarray:
        """Return the RGB frame with the captions of ``index``."""
        line, active = self.visible(index)
        if not line:
            return frame
        height, width = frame.shape[:2]
        letters, size = self._letters, self._size(max(9, round(height * 0.055)), width, line[-1])
        lengths = [letters.length(gloss, size) for gloss in line]
        space = letters.length(' ', size)
        while len(lengths) > 1 and sum(lengths) + space * (len(lengths) + 1) > width:
            lengths = lengths[1:]
        colours = [*[_BEFORE] * (len(lengths) - 1), _NOW if active else _BEFORE]
        words = list(zip(line[-len(lengths) :], lengths, colours))
        ascent, descent = letters.metrics(size)
        top = max(height - round((ascent + descent) * 1.4), 0)
        picture = np.array(frame)
        picture[top:] = frame[top:] // 4
        image = Image.fromarray(picture)
        pen = ImageDraw.Draw(image)
        left = (width - sum(lengths) - space * (len(lengths) - 1)) / 2
        for gloss, length, colour in words[::-1] if letters.right_to_left else words:
            letters.draw(pen, (left, top + (ascent + descent) * 0.2), gloss, size, colour)
            left += length + space
        return np.asarray(image)

    def _size(self, size: int, width: int, text: str) -> int:
        """Return ``size``, or as small a one as ``text`` needs to fit."""
        length = self._letters.length(text, size)
        return max(6, int(size * (width - 4) / length)) if length > width - 4 and size > 6 else size
