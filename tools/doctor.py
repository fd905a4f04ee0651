"""Check the installation, a config with its data, and a checkpoint."""

import argparse

from cslrkit.utils.cli import make_parser, run_tool


def parse_args() -> argparse.Namespace:
    """Parse the arguments."""
    parser = make_parser(
        'Check versions, devices and codecs; with a config also its data, vocabulary, references, model and disk; '
        'with a checkpoint that it fits. A line for each check, and what to do about each that fails.',
        'python tools/doctor.py configs/slowfast/phoenix2014.py --checkpoint work_dirs/phoenix2014',
    )
    parser.add_argument('config', nargs='?', help='a config file')
    parser.add_argument('--checkpoint', help='a checkpoint of cslrkit, or a work directory, whose best one is taken')
    parser.add_argument('--work-dir', help="where a run would write (default: the config's)")
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override settings of the config'
    )
    return parser.parse_args()


def main() -> int:
    """Run the checks; 1 if one fails."""
    args = parse_args()

    from cslrkit.doctor import diagnose

    checks = diagnose(
        args.config,
        checkpoint=args.checkpoint,
        options=args.cfg_options,
        work_dir=args.work_dir,
        show=lambda line: print(line, flush=True),
    )
    count = {status: sum(check.status == status for check in checks) for status in ('ok', 'FAIL', 'skip')}
    print(f'\n{len(checks)} checks: {count["ok"]} ok, {count["FAIL"]} failed, {count["skip"]} skipped')
    return int(count['FAIL'] > 0)


if __name__ == '__main__':
    run_tool(main)
