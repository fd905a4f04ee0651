"""One check, its outcome, and the list of them that is shown while it grows."""

import warnings
from dataclasses import dataclass
from typing import Any, Callable, List, Mapping, NamedTuple, Optional

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
        head = f'{self.status:<6}{self.name:<{_NAME_WIDTH}}{" ".join(self.detail.split())}'
        more = [f'note: {note}' for note in self.notes] + ([f'do: {self.advice}'] if self.advice else [])
        return '\n'.join([head, *(' ' * (6 + _NAME_WIDTH) + line for line in more)])


class Found(NamedTuple):
    """What a check that passed found, and what later checks need from it."""

    detail: str
    value: Any = True


class FailedCheckError(Exception):
    """A check that failed: what was found, and ``advice``."""

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

    def run(
        self, name: str, check: Callable[..., Found], *args: Any, needs: Optional[Mapping[str, Any]] = None
    ) -> Optional[Any]:
        """Run ``check(*args)``; returns the value that it found, None if it failed or was skipped.

        Args:
            name: What is checked.
            check: Returns what it found, or raises.
            *args: Handed to ``check``.
            needs: What must not be None, by its name; it is skipped otherwise.
        """
        broken = [needed for needed, value in (needs or {}).items() if value is None]
        if broken:
            return self.skip(name, f'needs {", ".join(broken)}')
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter('always', UserWarning)
                found = check(*args)
        except SkippedCheckError as error:
            return self.skip(name, str(error))
        except (FailedCheckError, CSLRKitError) as error:  # the message of the latter says what to do
            return self._add(Check(name, FAIL, str(error), getattr(error, 'advice', '')))
        # Whatever a broken installation or file raises is what the doctor is asked about.
        except Exception as error:
            advice = 'This is not expected: please report it with this output.'
            return self._add(Check(name, FAIL, f'{type(error).__name__}: {error}', advice))
        notes = tuple(dict.fromkeys(str(w.message) for w in caught if w.category is UserWarning))
        self._add(Check(name, OK, found.detail, notes=notes))
        return found.value

    def skip(self, name: str, reason: str) -> None:
        """Note that a check cannot be made."""
        self._add(Check(name, SKIP, reason))

    def _add(self, check: Check) -> None:
        self.checks.append(check)
        self._show(str(check))
