"""How far a long job is, on stderr."""

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_SHOWN_AFTER = 2.0  # seconds: short jobs stay silent
_PAUSE = 10.0  # seconds between two lines in a log file


class ProgressLine:
    """Counts what is done, with a bar on a terminal and a line now and then in a log file.

    Args:
        what: What is being done, e.g. ``'drawing frames'``.
        total: How many units there are.
        shown: False counts in silence.
    """

    def __init__(self, what: str, total: int, *, shown: bool = True) -> None:
        columns = (TextColumn('{task.description}'), BarColumn(20), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(
            *columns, console=Console(stderr=True), redirect_stdout=sys.stdout.isatty(), disable=not shown
        )
        self._task = self._progress.add_task(what, total=total)
        self._start = time.monotonic()
        self._last = -_PAUSE

    def add(self, units: int) -> None:
        """Count ``units`` more as done."""
        self._progress.advance(self._task, units)
        now = time.monotonic()
        if self._progress.disable or now - self._start <= _SHOWN_AFTER:
            return
        if self._progress.console.is_terminal:
            self._progress.start()
        elif now - self._last > _PAUSE:
            self._last = now
            task = self._progress.tasks[0]
            left = (now - self._start) * (task.total - task.completed) / max(1, task.completed)
            self._progress.console.out(
                f'{task.description}: {task.completed:.0f}/{task.total:.0f}, about {left:.0f} s left', highlight=False
            )

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()
