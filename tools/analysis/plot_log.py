"""Draw the curves of training runs."""

import argparse
import sys

from cslrkit.utils.cli import make_parser, run_tool


def parse_args() -> argparse.Namespace:
    """Parse the arguments."""
    parser = make_parser(
        'Draw losses, WER, learning rate or whatever else was logged, of one or several training runs.',
        'python tools/analysis/plot_log.py work_dirs/synthsign --out curves.png\n'
        '  python tools/analysis/plot_log.py work_dirs/a work_dirs/b --keys loss wer wer_conv --names old new',
    )
    parser.add_argument('runs', nargs='+', metavar='RUN', help='work directory of a training run')
    parser.add_argument(
        '--keys', nargs='+', default=['loss', 'wer', 'lr'], metavar='KEY', help='what to draw (default: loss wer lr)'
    )
    parser.add_argument('--names', nargs='+', metavar='NAME', help='of the runs (default: names of the folders)')
    parser.add_argument(
        '--out', default='curves.png', metavar='OUT', help='picture: .png, .svg or .pdf (default: %(default)s)'
    )
    args = parser.parse_args()
    if args.names is not None and len(args.names) != len(args.runs):
        parser.error(f'--names: got {len(args.names)} names for {len(args.runs)} runs')
    return args


def main() -> None:
    """Read the logs and draw."""
    args = parse_args()

    from cslrkit.visualization.curves import draw_curves, load_curves

    names = args.names or [None] * len(args.runs)
    runs = [load_curves(path, name=name) for path, name in zip(args.runs, names)]
    if len({run.name for run in runs}) < len(runs):  # folders of one name in several places
        runs = [load_curves(path, name=path) for path in args.runs]
    for key in args.keys:
        lacking = [run.name for run in runs if key not in run.curves]
        if lacking and len(lacking) < len(runs):
            print(f"warning: {', '.join(lacking)} logged no '{key}'", file=sys.stderr)
    print(f'written to {draw_curves(runs, args.keys, args.out)}')


if __name__ == '__main__':
    run_tool(main)
