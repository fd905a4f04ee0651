"""One check, its outcome, and the list of them that is shown while it grows."""

import warnings
from dataclasses import dataclass
from typing import Any, Callable, List, NamedTuple, Optional

from cslrkit.errors import CSLRKitError

OK, FAIL, SKIP = 'ok', 'FAIL', 'skip'
_NAME_WIDTH = 18


@dataclass(frozen=True)
class Check:
    """The outcome of a check.

    Args:
        name: What was checked.
        status: ``'ok'``, ``'FAIL'`` or ``'skip'``.
        detail: What was found.
        advice: What to do about a failure; empty where the detail says it.
        notes: Warnings that came up.
    """

    name: str
    status: str
    detail: str
    advice: str = ''
    notes: tuple = ()

    def __str__(self) -> str:
        indent = ' ' * (6 + _NAME_WIDTH)
        lines = [f'{self.status:<6}{self.name:<{_NAME_WIDTH}}{" ".join(self.detail.split())}']
        lines += [f'{indent}note: {note}' for note in self.notes]
        if self.advice:
            lines.append(f'{indent}do: {self.advice}')
        return '\n'.join(lines)


class Found(NamedTuple):
    """What a check that passed found, and what later checks need from it."""

    detail: str
    value: Any = True


class FailedCheckError(Exception):
    """A check that failed.

    Args:
        detail: What was found.
        advice: What to do.
    """

    def __init__(self, detail: str, advice: str = '') -> None:
        super().__init__(detail)
        self.advice = advice


class SkippedCheckError(Exception):
    """A check that does not apply here; the message says why."""


class Checkup:
    """Runs checks one after the other; a fault in one never ends the others.

    Args:
        show: Called with each outcome's text as soon as it is known.
    """

    def __init__(self, show: Callable[[str], Any]) -> None:
        self.checks: List[Check] = []
        self._show = show

    @property
    def failed(self) -> List[Check]:
        """Checks that failed."""
        return [check for check in self.checks if check.status == FAIL]

    def run(self, name: str, check: Callable[..., Found], *args: Any) -> Optional[Any]:
        """Run ``check(*args)``; returns the value that it found, None if it failed or was skipped."""
        notes: tuple = ()
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter('always', UserWarning)
                found = check(*args)
            notes = tuple(dict.fromkeys(str(w.message) for w in caught if w.category is UserWarning))
        except SkippedCheckError as error:
            self._add(Check(name, SKIP, str(error)))
        except FailedCheckError as error:
            self._add(Check(name, FAIL, str(error), error.advice))
        except CSLRKitError as error:
            self._add(Check(name, FAIL, str(error)))  # the message says what to do
        # Whatever a broken installation or file raises is what the doctor is asked about.
        except Exception as error:
            self._add(
                Check(
                    name,
                    FAIL,
                    f'{type(error).__name__}: {error}',
                    'This is not expected: please report it with this output.',
                )
            )
        else:
            self._add(Check(name, OK, found.detail, notes=notes))
            return found.value
        return None

    def skip(self, name: str, reason: str) -> None:
        """Note that a check cannot be made."""
        self._add(Check(name, SKIP, reason))

    def _add(self, check: Check) -> None:
        self.checks.append(check)
        self._show(str(check))
