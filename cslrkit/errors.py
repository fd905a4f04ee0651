"""Errors that a user can mend; the command-line tools print them without a traceback.

A message follows the pattern *where: got, expected, do*.
"""


class CSLRKitError(Exception):
    """Base of every error that a user's input can cause.

    Args:
        message: What was got and expected.
        path: The place in the config, as far as it is known: of an argument its name, e.g. ``'depth'``. Whoever
            builds from a config puts the path of the part before it (``'model.backbone.depth'``).
    """

    def __init__(self, message: str = '', *, path: str = '') -> None:
        super().__init__(message)
        self.path = path

    def __str__(self) -> str:
        # KeyError and FileNotFoundError, which subclasses also derive from, quote or reorder
        # their arguments; a message is printed as it was written.
        message = str(self.args[0]) if self.args else ''
        return f'{self.path}: {message}' if self.path else message


class ConfigError(CSLRKitError, ValueError):
    """A config that cannot be built: a misspelt type, a wrong argument, a wrong value."""


class DataError(CSLRKitError, ValueError):
    """Data that cannot be used: an empty folder, an unreadable image, a malformed file."""


class DataNotFoundError(CSLRKitError, FileNotFoundError):
    """A file or folder of a corpus that is not where it was looked for."""


class CheckpointError(CSLRKitError, ValueError):
    """A checkpoint that cannot be read or belongs to another model or vocabulary."""


class OutputError(CSLRKitError, OSError):
    """A folder or file that cannot be written."""


class TrainingError(CSLRKitError, RuntimeError):
    """A training run that cannot go on, such as one with too many non-finite losses."""


class InterruptedTrainingError(TrainingError):
    """A training that a signal stopped, and that was saved: it can go on where it was."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: try again
