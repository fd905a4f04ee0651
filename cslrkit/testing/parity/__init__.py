"""Judges of golden files: recorded facts of the published implementation.

A judge is a module with three names: ``KIND`` (str), ``recognises(content) -> bool``, which tells
its kind from the parsed JSON alone, and ``judge(content) -> Iterator[CaseResult]``.
"""

from cslrkit.testing.parity.result import CaseResult

__all__ = ['CaseResult']
