"""What a stream says: lines on the console, JSON, captions on its pictures."""

import json
from dataclasses import asdict
from typing import Any, Dict, Optional, Sequence, TextIO

import cv2

from cslrkit.apis.live import GlossEvent
from cslrkit.errors import ConfigError, OutputError
from cslrkit.structures import GlossSpan, GlossVocab
from cslrkit.video.captions import PAUSE, CaptionPainter
from cslrkit.video.clip import Frame
from cslrkit.video.video_writer import VideoWriter

_KEPT = 30.0  # seconds for which glosses are kept for the line of captions
_TICKS = 1000  # of the painter's clock in a second
_SIGNS = dict(partial='?', final=' ', revoked='-')


def _opened(path: str) -> TextIO:
    try:
        return open(path, 'w', encoding='utf-8')
    except OSError as error:
        raise OutputError(f"--jsonl: '{path}' cannot be written ({error.strerror}).") from error


class LiveOutput:
    """Prints the events of a stream and draws its glosses onto its pictures; a context manager that ends the files.

    Args:
        vocab: All glosses, for a font that has their characters.
        jsonl: File that gets a line of JSON for each event.
        video: File to write the pictures to.
        window: Title of a window to show them in.

    Raises:
        ConfigError: If this OpenCV has no windows.
        OutputError: If a file cannot be written.
    """

    def __init__(
        self,
        vocab: GlossVocab,
        *,
        jsonl: Optional[str] = None,
        video: Optional[str] = None,
        window: Optional[str] = None,
    ) -> None:
        self._jsonl = None if jsonl is None else _opened(jsonl)
        self._writer = None if video is None else VideoWriter(video, 25.0)
        self._window = window
        self._painter = CaptionPainter([GlossSpan(0, gloss) for gloss in vocab.glosses], pause=round(PAUSE * _TICKS))
        self._shown: Dict[int, GlossEvent] = {}

    def __enter__(self) -> 'LiveOutput':
        return self

    def __exit__(self, *error: Any) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._jsonl is not None:
            self._jsonl.close()
        if self._window is not None:
            cv2.destroyAllWindows()

    @staticmethod
    def line(event: GlossEvent) -> str:
        """An event for the console: seconds of the stream, ``?``, ``-`` or nothing, span, gloss, confidence."""
        return (
            f'{event.emitted_at:8.2f} s {_SIGNS[event.kind]} {event.start:7.2f} - {event.end:7.2f}  {event.gloss}  '
            f'{100 * event.confidence:.0f} %'
        )

    def tell(self, events: Sequence[GlossEvent]) -> None:
        """Take what is new."""
        for event in events:
            print(self.line(event), flush=True)
            if self._jsonl is not None:
                self._jsonl.write(json.dumps(asdict(event), ensure_ascii=False) + '\n')
                self._jsonl.flush()
            self._shown.pop(event.id, None)
            if event.kind != 'revoked':
                self._shown[event.id] = event
        newest = max((event.end for event in self._shown.values()), default=0.0)
        self._shown = {number: event for number, event in self._shown.items() if event.end > newest - _KEPT}

    def show(self, frames: Sequence[Frame]) -> None:
        """Write and show frames with the captions of now; a gloss that is not final is drawn as any other."""
        if self._writer is None and self._window is None:
            return
        self._painter.spans = [
            GlossSpan(0, event.gloss, frames=(round(event.start * _TICKS), round(event.emitted_at * _TICKS)))
            for event in sorted(self._shown.values(), key=lambda event: event.start)
        ]
        for frame in frames:
            picture = self._painter.draw(frame.image, round(frame.time * _TICKS))
            if self._writer is not None:
                self._writer.write(picture, frame.time)
        if self._window is not None and frames:
            try:
                cv2.imshow(self._window, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
                cv2.waitKey(1)
            except cv2.error as error:
                raise ConfigError(
                    '--show: this OpenCV has no windows. Install opencv-python, or use --video.'
                ) from error
