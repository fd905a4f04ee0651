"""What a person sees on the console: the run's own lines, not the framework's."""

import logging
import os
from typing import TextIO

_COLOURS = {logging.WARNING: '33', logging.ERROR: '31', logging.CRITICAL: '31'}
# Warnings of mmengine about its own code, which a user can neither cause nor mend.
_FRAMEWORK_NOISE = (
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
    'Resumed iteration number is not divisible',  # the gradients that it takes for lost are in the checkpoint
)

_LABELS = {logging.WARNING: 'warning: ', logging.ERROR: 'error: ', logging.CRITICAL: 'error: '}


class ConsoleFilter(logging.Filter):
    """Pass the records marked with ``extra=CONSOLE``, and warnings and errors that concern a user."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether ``record`` is shown."""
        if getattr(record, 'console', False):
            return True
        return record.levelno >= logging.WARNING and not record.getMessage().startswith(_FRAMEWORK_NOISE)


class ConsoleFormatter(logging.Formatter):
    """Time and message; warnings yellow and errors red where the stream shows colours."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__('%(asctime)s  %(message)s', datefmt='%H:%M:%S')
        self.coloured = supports_colour(stream)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        text = super().format(record)
        label = _LABELS.get(record.levelno)
        if label is None:
            return text
        stamp, _, message = text.partition('  ')
        return f'{stamp}  {paint(label + message, _COLOURS[record.levelno], enabled=self.coloured)}'


def supports_colour(stream: TextIO) -> bool:
    """Whether ``stream`` is a terminal and NO_COLOR is not set."""
    return stream.isatty() and 'NO_COLOR' not in os.environ


def paint(text: str, code: str, *, enabled: bool) -> str:
    """Wrap ``text`` in the ANSI colour ``code``, e.g. ``'32'`` for green."""
    return f'\x1b[{code}m{text}\x1b[0m' if enabled else text


def quiet_console(logger: logging.Logger) -> None:
    """Make the console handlers of ``logger`` show the run's own lines only; files keep everything."""
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.addFilter(ConsoleFilter())
            handler.setFormatter(ConsoleFormatter(handler.stream))
