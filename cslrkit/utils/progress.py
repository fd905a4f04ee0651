"""A line on stderr that says how far a long job is."""

import sys
import time

_SHOWN_AFTER = 2.0  # seconds: short jobs stay silent


class ProgressLine:
    """Counts what is done, with a bar on a terminal and a line now and then in a log file.

    Args:
        what: What is being done, e.g. ``'drawing frames'``.
        total: How many units there are.
        shown: False counts in silence.
    """

    def __init__(self, what: str, total: int, *, shown: bool = True) -> None:
        self._what, self._total, self._shown, self._done = what, total, shown, 0
        self._start = self._last = time.monotonic()
        self._printed = False

    def add(self, units: int) -> None:
        """Count ``units`` more as done."""
        self._done += units
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        pause = 0.2 if terminal else 10.0
        if self._shown and now - self._start > _SHOWN_AFTER and (not self._printed or now - self._last > pause):
            self._last, self._printed = now, True
            left = (now - self._start) * (self._total - self._done) / max(1, self._done)
            text = f'{self._what}: {self._done}/{self._total}, about {left:.0f} s left'
            if terminal:
                filled = 20 * self._done // max(1, self._total)
                print(f'\r[{"#" * filled:<20}] {text:<60}', end='', file=sys.stderr, flush=True)
            else:
                print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the line."""
        if self._printed and sys.stderr.isatty():
            print(file=sys.stderr)
