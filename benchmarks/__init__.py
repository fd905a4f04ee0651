"""Measurements of speed: scripts, run as ``python -m benchmarks.NAME``."""

from benchmarks.alternate import Measured, alternate, benchmark_parser, environment, report, rounds_of

__all__ = ['Measured', 'alternate', 'benchmark_parser', 'environment', 'report', 'rounds_of']
