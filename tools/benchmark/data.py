"""Time the reading of clips and batches."""

from cslrkit.benchmark.data import main
from cslrkit.utils.cli import run_tool

if __name__ == '__main__':
    run_tool(main)
