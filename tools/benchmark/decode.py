"""Time beam search decoding against a plain Python prefix search."""

from cslrkit.benchmark.decode import main
from cslrkit.utils.cli import run_tool

if __name__ == '__main__':
    run_tool(main)
