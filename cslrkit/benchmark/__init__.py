"""Measurements of speed: what the tools under ``tools/benchmark`` run."""

from cslrkit.benchmark.alternate import Measured, alternate, benchmark_parser, environment, report, rounds_of

__all__ = ['Measured', 'alternate', 'benchmark_parser', 'environment', 'report', 'rounds_of']
