"""Keypoints of frames from a process of another environment, whose packages do not fit into this one."""

import contextlib
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Iterable, Iterator, Optional, Sequence, Union

import numpy as np

from cslrkit.errors import ConfigError, DataError
from cslrkit.structures.keypoint_layout import find_layout
from cslrkit.utils.plain_json import parse_json
from cslrkit.video.clip import Frame

REQUIREMENT = 'mediapipe==0.10.21'  # the last one that carries the models of holistic; needs numpy < 2
WORKER = Path(__file__).with_name('mediapipe_worker.py')
_MAKE = 'Make an environment by `python tools/extract_keypoints.py --make-env DIR`'


class KeypointExtractor:
    """A process that gives the keypoints of frames; ended by :meth:`close`, or as a context.

    Args:
        python: The Python of an environment that has what the worker needs, or the folder of the environment.
        layout: Name of the layout that is wanted.
        worker: A script of your own that speaks as ``mediapipe_worker.py`` does; by default that one.

    Raises:
        ConfigError: If there is no such Python, or the worker does not start or does not give that layout.
    """

    def __init__(
        self, python: Union[str, Path], layout: str = 'mediapipe543', *, worker: Optional[Union[str, Path]] = None
    ) -> None:
        self.layout = find_layout(layout)
        self._command = [str(find_python(python)), '-I', os.path.abspath(worker or WORKER), self.layout.name]
        self.name = ''  # what finds the keypoints, and its version
        self._process: Any = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - what the process prints
        self._start()

    def __enter__(self) -> 'KeypointExtractor':
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def frames(self, frames: Iterable[Frame], *, where: str) -> Iterator[Frame]:
        """Yield the frames of a clip, each with its points, float32 (K, 3), in the place of its image.

        The next frame is decoded while the process works.

        Args:
            frames: All frames of a clip, in order.
            where: How messages name the clip.

        Raises:
            DataError: If the process ends.
        """
        waiting: Optional[Frame] = None
        try:
            for frame in frames:
                if waiting is not None:
                    yield self._answer(waiting, where)
                self._ask(frame, waiting is None, where)
                waiting = frame
            if waiting is not None:
                frame, waiting = waiting, None
                yield self._answer(frame, where)
        finally:
            if waiting is not None:  # its answer is not wanted any more: the next clip gets a new process
                self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._end()

    def _start(self) -> None:
        self._log.seek(0)
        self._log.truncate()
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, stderr=self._log)
        line = self._process.stdout.readline()
        try:
            said = parse_json(line)
            fits = said.get('layout') == self.layout.name and said.get('num_points') == self.layout.num_points
        except (ValueError, AttributeError):
            said, fits = {}, False
        if fits:
            self.name = str(said.get('extractor') or self._command[2])
            return
        reason = said.get('error') or (f'its first line is {line[:200]!r}' if line else self._last_words())
        hint = 'See docs/keypoints.md' if line else f'{_MAKE}, or see docs/keypoints.md'
        self.close()
        raise ConfigError(
            f"extractor: '{self._command[0]}' with '{self._command[2]}' does not give keypoints of the layout "
            f"'{self.layout.name}': {reason}. {hint}."
        )

    def _ask(self, frame: Frame, begins: bool, where: str) -> None:
        if self._process is None:
            self._start()
        height, width = frame.image.shape[:2]
        try:
            self._process.stdin.write(struct.pack('<III', height, width, begins))
            self._process.stdin.write(np.ascontiguousarray(frame.image).data)
            self._process.stdin.flush()
        except OSError as error:
            raise self._lost(frame, where) from error

    def _answer(self, frame: Frame, where: str) -> Frame:
        size = self.layout.num_points * 12
        content = self._process.stdout.read(size)
        if len(content) < size:
            raise self._lost(frame, where)
        points = np.frombuffer(content, '<f4').astype(np.float32).reshape(-1, 3)
        points[~np.isfinite(points).all(1)] = 0
        return Frame(points, frame.index, frame.time)

    def _lost(self, frame: Frame, where: str) -> DataError:
        return DataError(f"'{where}': frame {frame.index}: the extractor ended: {self._last_words()}.")

    def _last_words(self) -> str:
        """Return the last line that the process printed, or how it ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        code = self._end()
        self._log.seek(0)
        lines = [line.strip() for line in self._log.read().decode('utf-8', errors='replace').splitlines()]
        return next((line for line in reversed(lines) if line), f'exit status {code}')

    def _end(self) -> int:
        process, self._process = self._process, None
        process.communicate()
        return process.returncode


def find_python(path: Union[str, Path]) -> Path:
    """Return a Python, or that of the environment in a folder.

    Raises:
        ConfigError: If there is none.
    """
    path = Path(path)
    candidates = [path / 'bin' / 'python', path / 'Scripts' / 'python.exe'] if path.is_dir() else [path]
    found = [each for each in candidates if each.is_file() and os.access(each, os.X_OK)]
    if not found:
        raise ConfigError(f"extractor: '{path}' is no Python and no folder of an environment. {_MAKE}.")
    return Path(os.path.abspath(found[0]))  # links are not followed: they lead out of the environment


def make_environment(folder: Union[str, Path]) -> Path:
    """Make an environment that has MediaPipe, or complete the one that is there, and return its Python.

    Raises:
        ConfigError: If the folder holds something else or is the environment that runs this, or if MediaPipe cannot be
            installed.
    """
    folder = Path(folder)
    made = (folder / 'pyvenv.cfg').is_file()
    empty = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    if not (made or empty) or folder.resolve() == Path(sys.prefix).resolve():
        raise ConfigError(f"--make-env: '{folder}' is in use for something else. Name a new folder.")
    if not made:
        _run([sys.executable, '-m', 'venv', str(folder)], folder)
    python = find_python(folder)
    _run([str(python), '-I', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', REQUIREMENT], folder)
    return python


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        reason = next((line for line in lines if line.startswith('ERROR')), (lines or ['no output'])[-1])
        raise ConfigError(
            f"--make-env: '{folder}': {REQUIREMENT} cannot be installed ({reason}). It needs Python 3.9 to 3.12, here "
            f'{sys.version_info.major}.{sys.version_info.minor}, and a network.'
        )
