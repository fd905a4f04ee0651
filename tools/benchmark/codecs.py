"""Compare codecs of packed frames by size and by speed."""

from cslrkit.benchmark.codecs import main
from cslrkit.utils.cli import run_tool

if __name__ == '__main__':
    run_tool(main)
