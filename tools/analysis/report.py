"""Make an HTML page of what an evaluation left behind."""

import argparse
from pathlib import Path

from cslrkit.utils.cli import make_parser, run_tool
from cslrkit.utils.messages import plural


def parse_args() -> argparse.Namespace:
    """Parse the arguments."""
    parser = make_parser(
        'Make one HTML page, which needs no network, of the results of a run: word error rate with its interval, '
        'confusions, errors by signer, length and gloss frequency, and every sentence, aligned and searchable. '
        'With two results of the same sentences, compare the runs.',
        'python tools/analysis/report.py work_dirs/synthsign/dev.json --out report.html\n'
        '  python tools/analysis/report.py baseline/dev.json ours/dev.json --names baseline ours',
    )
    parser.add_argument(
        'results', nargs='+', metavar='RESULTS.json', help='written by tools/test.py (or tools/score.py --json)'
    )
    parser.add_argument('--names', nargs='+', metavar='NAME', help='of the runs (default: folder and file)')
    parser.add_argument('--out', metavar='OUT.html', help='the page (default: beside the last results, .html)')
    parser.add_argument(
        '--train-info',
        metavar='NPY',
        help='train_info.npy of the corpus, to count how frequent a gloss is (default: count in the references)',
    )
    parser.add_argument('--resamples', type=int, default=10_000, help='of the bootstrap (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of the bootstrap (default: %(default)s)')
    parser.add_argument('--level', type=float, default=95.0, help='of the interval, in percent (default: %(default)s)')
    args = parser.parse_args()
    if len(args.results) > 2:
        parser.error(f'got {len(args.results)} results, expected one, or two to compare')
    if args.names is not None and len(args.names) != len(args.results):
        parser.error(f'--names: got {len(args.names)} names for {len(args.results)} results')
    return args


def main() -> None:
    """Read, gather, write."""
    args = parse_args()

    from cslrkit.utils.files import write_atomically
    from cslrkit.visualization.html_report import gather, load_results, render_page

    names = args.names or [None] * len(args.results)
    runs = [load_results(path, name=name) for path, name in zip(args.results, names)]
    content = gather(runs, train_info=args.train_info, resamples=args.resamples, seed=args.seed, level=args.level)
    out = Path(args.out or Path(args.results[-1]).with_suffix('.html'))
    write_atomically(out, render_page(content))
    rates = ', '.join(f'{run["name"]} {run["metrics"]["wer"]:.2f} %' for run in content['runs'])
    print(f'WER {rates} ({plural(len(content["sentences"]), "sentence")})\nwritten to {out}')


if __name__ == '__main__':
    run_tool(main)
