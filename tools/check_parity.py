"""Compare cslrkit with recorded facts of the published implementation."""

import sys
from pathlib import Path

from cslrkit.errors import DataNotFoundError
from cslrkit.utils.cli import make_parser, run_tool


def main() -> int:
    """Judge the files; 1 if a case does not match or a file cannot be judged."""
    parser = make_parser(
        'Run golden files: one line per case with the largest deviation. The kind of a file is told from its content.',
        'python tools/check_parity.py tests/data/*.json',
    )
    parser.add_argument('files', nargs='+', metavar='FILE', help='golden JSON files')
    args = parser.parse_args()

    checkout = Path(__file__).resolve().parents[1]
    if not (checkout / 'benchmarks').is_dir():
        raise DataNotFoundError('The judges of golden files come with a checkout of cslrkit, not with a wheel.')
    sys.path.insert(0, str(checkout))  # the judges are no part of the package
    from benchmarks.parity import run_files

    return run_files(args.files)


if __name__ == '__main__':
    run_tool(main)
