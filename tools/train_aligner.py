"""Fit what says when recognized glosses are signed, on sentences without times."""

from cslrkit.utils.cli import (
    add_cfg_options,
    add_device_option,
    add_trained_network,
    make_parser,
    parse_count,
    run_tool,
)
from cslrkit.utils.messages import plural


def main() -> None:
    """Parse the arguments, fit, write."""
    parser = make_parser(
        'Fit the aligner of a trained recognizer on the training sentences, of which only the glosses are used, and '
        'write a checkpoint that has it: times of glosses come from it then, in testing and inference. Glosses and '
        'network stay as they are.',
        'python tools/train_aligner.py configs/slowfast/synthsign.py work_dirs/synthsign --out aligned.pth',
    )
    add_trained_network(parser)
    parser.add_argument('--out', required=True, metavar='OUT.pth', help='the checkpoint to write')
    parser.add_argument(
        '--split', choices=('train', 'dev', 'test'), default='train', help='whose sentences (default: %(default)s)'
    )
    parser.add_argument('--states', type=parse_count, default=5, help='of a sign (default: %(default)s)')
    parser.add_argument('--rounds', type=parse_count, default=6, help='of training (default: %(default)s)')
    parser.add_argument(
        '--spread',
        type=float,
        default=0.1,
        help="standard deviation of the logarithm of a sign's duration (%(default)s)",
    )
    add_device_option(parser)
    add_cfg_options(parser)
    args = parser.parse_args()

    from cslrkit.apis.aligner import train_aligner
    from cslrkit.engine.config import load_config

    fitted = train_aligner(
        load_config(args.config, args.cfg_options),
        args.checkpoint,
        args.out,
        split=args.split,
        device=args.device,
        progress=True,
        states=args.states,
        rounds=args.rounds,
        spread=args.spread,
        report=lambda number, changed: print(f'round {number}: {100 * changed:.1f} % of the segments moved'),
    )
    if fitted.num_left_out:
        print(f'{plural(fitted.num_left_out, "sentence")} left out, too short for the glosses')
    print(f'written: {args.out}')


if __name__ == '__main__':
    run_tool(main)
