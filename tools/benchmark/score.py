"""Time scoring against a word error rate written plainly in Python."""

from cslrkit.benchmark.score import main
from cslrkit.utils.cli import run_tool

if __name__ == '__main__':
    run_tool(main)
