"""Time a training epoch of the synthetic corpus with and without cslrkit's shortcuts."""

from cslrkit.benchmark import benchmark_parser, rounds_of
from cslrkit.utils.cli import run_tool


def main() -> int:
    """Print a line and a JSON line for each row."""
    parser = benchmark_parser(__doc__, 'python tools/benchmark/end_to_end.py --short')
    parser.add_argument('--data-root', metavar='DIR', help='a corpus of tools/make_synthetic.py (default: draws one)')
    args = parser.parse_args()
    from cslrkit.benchmark.end_to_end import measure

    measure(short=args.short, rounds=rounds_of(args), data_root=args.data_root)
    return 0


if __name__ == '__main__':
    run_tool(main)
