"""Collects every breach of a contract, so that an author sees all of them at once."""

import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Sequence, Tuple

from cslrkit.errors import ConfigError, CSLRKitError
from cslrkit.registry import nearest

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Finding:
    """One breach.

    Args:
        clause: Which clause of the contract, e.g. ``'shapes'``.
        where: What was looked at.
        got: What was found there.
        expected: What the contract says.
        do: How to mend it.
    """

    clause: str
    where: str
    got: str
    expected: str
    do: str

    def __str__(self) -> str:
        return f'[{self.clause}] {self.where}: got {self.got}, expected {self.expected}. {self.do}'.rstrip()


class ContractError(CSLRKitError, AssertionError):
    """A class that breaks the contract of its part.

    Args:
        subject: Name of the class.
        findings: Every breach that was found; also the attribute ``findings``.
    """

    def __init__(self, subject: str, findings: Sequence[Finding]) -> None:
        self.findings: Tuple[Finding, ...] = tuple(findings)
        count = f'{len(findings)} finding' + ('s' if len(findings) > 1 else '')
        super().__init__('\n'.join([f'{subject} breaks its contract, {count}:', *map(str, findings)]))


class Findings:
    """What a check has found so far.

    Args:
        subject: Name of the class that is checked.
        clauses: The clauses of its contract.
        allow: Clauses that it is known to break, by intent.

    Raises:
        ConfigError: If ``allow`` names no clause.
    """

    def __init__(self, subject: str, clauses: Sequence[str], allow: Sequence[str] = ()) -> None:
        for clause in allow:
            if clause not in clauses:
                raise ConfigError(
                    f"allow: got '{clause}', expected some of {', '.join(clauses)}.{nearest(clause, clauses)}"
                )
        self._subject, self._allow = subject, tuple(allow)
        self._found: List[Finding] = []

    def __len__(self) -> int:
        return len(self._found)

    def expect(self, holds: bool, clause: str, where: str, *, got: object, expected: str, do: str) -> bool:
        """Note a breach of ``clause`` unless ``holds``, which is returned."""
        if not holds:
            self._found.append(Finding(clause, where, str(got), expected, do))
        return bool(holds)

    def expect_all(self, clause: str, checks: Sequence[Tuple[object, str, object, str]], *, do: str) -> bool:
        """Note a breach for each of ``(holds, where, got, expected)`` that does not hold; whether all do."""
        held = [
            self.expect(bool(holds), clause, where, got=got, expected=expected, do=do)
            for holds, where, got, expected in checks
        ]
        return all(held)

    @contextmanager
    def trying(self, clause: str, where: str, *, do: str = 'Mend what raises it.') -> Iterator[None]:
        """Note an exception of the code inside as a breach of ``clause``, with the place that raised it."""
        try:
            yield
        except Exception as error:  # the code of a plugin may raise anything; it is reported
            got = f'{type(error).__name__}: {str(error).strip()} ({_place_of(error)})'
            self._found.append(Finding(clause, where, got, 'no error', do))

    def close(self) -> None:
        """End the check.

        Raises:
            ContractError: If there are findings outside the allowed clauses, or none in an allowed one.
        """
        broken = {finding.clause for finding in self._found}
        kept = [finding for finding in self._found if finding.clause not in self._allow]
        for clause in self._allow:
            if clause not in broken:
                kept.append(Finding(clause, 'allow', 'no breach', 'one', 'Take the clause out of allow.'))
        if kept:
            raise ContractError(self._subject, kept)


def _place_of(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    # The author's own line says more than torch's below it or that of the check above.
    own = [
        frame for frame in frames if 'site-packages' not in frame.filename and _HERE not in Path(frame.filename).parents
    ]
    frame = (own or list(frames))[-1]
    return f'{Path(frame.filename).name}:{frame.lineno}'
