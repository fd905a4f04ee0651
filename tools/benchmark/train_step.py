"""Time a training step of SlowFastSign against contiguous float32."""

from cslrkit.benchmark.train_step import main
from cslrkit.utils.cli import run_tool

if __name__ == '__main__':
    run_tool(main)
