"""Runs golden files of any kind and prints a line per case."""

import importlib
import json
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any, Iterator, List, Sequence, Union

from benchmarks.parity.result import CaseResult
from cslrkit.errors import CSLRKitError, DataError, DataNotFoundError

MAX_FAILURE_LINES = 5


def judges() -> List[ModuleType]:
    """The judge modules of this package, by name."""
    package = importlib.import_module('benchmarks.parity')
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__) if info.name.startswith('judge_'))
    return [importlib.import_module(f'{package.__name__}.{name}') for name in names]


def judge_file(path: Union[str, Path]) -> Iterator[CaseResult]:
    """Judge one golden file case by case.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it is not JSON or no judge, or more than one, recognizes its content.
    """
    content = _read(Path(path))
    matching = [judge for judge in judges() if judge.recognizes(content)]
    if len(matching) != 1:
        kinds = ', '.join(judge.KIND for judge in matching or judges())
        raise DataError(
            f"'{path}': its content is {'of several kinds' if matching else 'of no known kind'} ({kinds}); "
            'the files in tests/data/ are examples of each.'
        )
    yield from matching[0].judge(content)


def run_files(paths: Sequence[Union[str, Path]]) -> int:
    """Judge files and print; 0 if every case of every file matches, else 1."""
    total = failed = unjudged = 0
    for path in paths:
        try:
            found = 0
            for result in judge_file(path):
                found += 1
                failed += not result.passed
                _print_result(Path(path).name, result)
            total += found
            if not found:
                raise DataError(f"'{path}': it holds no cases.")
        except CSLRKitError as error:
            unjudged += 1
            print(f'FAIL  {Path(path).name}: cannot be judged: {error}')
    print(f'{total - failed} of {total} cases match' + (f', {unjudged} files could not be judged' if unjudged else ''))
    return 1 if failed or unjudged or not total else 0


def _print_result(file: str, result: CaseResult) -> None:
    state = 'ok  ' if result.passed else 'FAIL'
    print(
        f'{state}  {file}  {result.name}  largest deviation {result.deviation:.2e} (allowed {result.tolerance:.0e})',
        flush=True,
    )
    for line in result.failures[:MAX_FAILURE_LINES]:
        print(f'      {line}')
    if len(result.failures) > MAX_FAILURE_LINES:
        print(f'      and {len(result.failures) - MAX_FAILURE_LINES} more')


def _read(path: Path) -> Any:
    if not path.is_file():
        raise DataNotFoundError(f"golden file '{path}' does not exist.")
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise DataError(f"golden file '{path}' is not JSON: {error}") from error
