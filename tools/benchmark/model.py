"""Time the evaluation forward of SlowFast against contiguous float32."""

from cslrkit.benchmark.model import main
from cslrkit.utils.cli import run_tool

if __name__ == '__main__':
    run_tool(main)
