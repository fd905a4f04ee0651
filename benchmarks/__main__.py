"""``python -m benchmarks NAME``: measure one thing and print a line and a JSON line for each row."""

import importlib
import sys
from typing import Optional, Sequence

from cslrkit.errors import ConfigError
from cslrkit.utils.cli import make_parser, run_tool

NAMES = (
    'data',
    'pack_codecs',
    'model',
    'train_step',
    'decode',
    'score',
    'end_to_end',
    'features',
    'restoration',
    'live',
    'sessions',
    'gpu',
    'kills',
    'fuzz',
    'soak',
    'busy',
    'zoo',
)


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Parse the name and the options of a benchmark, and run it.

    Args:
        arguments: Of the command line; those of the process by default.

    Raises:
        ConfigError: For fewer than one round.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    named = [name for name in arguments[:1] if name in NAMES]
    module = importlib.import_module(f'benchmarks.{named[0]}') if named else None
    text = module.__doc__ if module else 'Measure what a part gains over the plain way to do it.'
    parser = make_parser(text, f'python -m benchmarks {named[0] if named else "data"} --short')
    parser.add_argument('name', choices=NAMES, help='what is measured; its own options are listed after its name')
    parser.add_argument('--short', action='store_true', help='the main rows only, on little data: seconds, less exact')
    parser.add_argument('--rounds', type=int, metavar='N', help='timed runs of each side (default: 3 if short, else 7)')
    if module:
        module.add_options(parser)
    args = parser.parse_args(arguments)
    if args.rounds is None:
        args.rounds = 3 if args.short else 7
    if args.rounds < 1:
        raise ConfigError(f'--rounds: got {args.rounds}, expected at least 1.')
    module.run(args)


if __name__ == '__main__':
    run_tool(main)
