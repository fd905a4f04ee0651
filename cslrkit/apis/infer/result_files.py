"""Files of results that are whole after each input, so that a long batch loses nothing when it is broken off."""

import json
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

from cslrkit.apis.infer.writers import FOR_EACH, FORMATS, TIMED, check_formats, check_timed
from cslrkit.structures.result import InferenceResult
from cslrkit.utils.files import append_text
from cslrkit.video.inputs import FailedInput

_SHARE = 0.05  # of the time at most goes into writing a file of all results again


class ResultFiles:
    """Writes each result as soon as it is there.

    Args:
        out_dir: Folder of the files of ``formats``; None writes none.
        formats: As for :func:`~cslrkit.apis.infer.write_results`.
        jsonl: A file with a line of JSON for each input, or ``'-'`` for the standard output.

    Raises:
        ConfigError: For another format.
    """

    def __init__(
        self, out_dir: Optional[Union[str, Path]], formats: Sequence[str] = (), *, jsonl: Optional[str] = None
    ) -> None:
        check_formats(formats)
        self.written: List[Path] = []
        self._folder = None if out_dir is None else Path(out_dir)
        self._formats = [] if out_dir is None else list(dict.fromkeys(formats))
        self._jsonl, self._has_lines = jsonl, False
        self._results: List[InferenceResult] = []
        self._next = 0.0  # when the files of all results are written again

    def add(self, result: InferenceResult) -> None:
        """Write a result.

        Raises:
            DataError: If a format needs seconds and the frame rate is not known; the others are written.
            OutputError: If a file cannot be written.
        """
        self._add_line(result.to_dict())
        self._results.append(result)
        for name in self._formats:
            if name in FOR_EACH and (result.timed or name not in TIMED):
                self.written += FORMATS[name]([result], self._folder)
        begin = time.monotonic()
        if begin >= self._next:
            self._write_all()
            end = time.monotonic()
            self._next = end + (end - begin) / _SHARE
        for name in self._formats:
            if name in TIMED:
                check_timed(result, name)

    def add_failed(self, failed: FailedInput) -> None:
        """Write a line that says why an input failed."""
        self._add_line(dict(source=failed.source, error=str(failed.error)))

    def close(self) -> None:
        """Write what is not written yet."""
        if self._results:
            self.written += self._write_all()

    def _write_all(self) -> List[Path]:
        written = []
        for name in self._formats:
            if name not in FOR_EACH:
                results = [result for result in self._results if result.timed or name not in TIMED]
                written += FORMATS[name](results, self._folder)
        return written

    def _add_line(self, content: Dict[str, Any]) -> None:
        if self._jsonl is None:
            return
        line = json.dumps(content, ensure_ascii=False) + '\n'
        if self._jsonl == '-':
            sys.stdout.write(line)
            sys.stdout.flush()
            return
        path = Path(self._jsonl)
        append_text(path, line, anew=not self._has_lines)
        if not self._has_lines:
            self._has_lines = True
            self.written.append(path)
