"""Judges of golden files: recorded facts of the published implementation.

A judge is a module ``judge_<kind>`` of this package with three names: ``KIND`` (str),
``recognizes(content) -> bool``, which tells its kind from the parsed JSON alone, and
``judge(content) -> Iterator[CaseResult]``.
"""

from benchmarks.parity.result import CaseResult, Comparison
from benchmarks.parity.run import run_files

__all__ = ['CaseResult', 'Comparison', 'run_files']
