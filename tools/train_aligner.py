"""Fit what says when recognized glosses are signed, on sentences without times."""

from cslrkit.utils.cli import add_cfg_options, make_parser, run_tool


def main() -> None:
    """Parse the arguments, fit, write."""
    parser = make_parser(
        'Fit the aligner of a trained recognizer on the training sentences, of which only the glosses are used, and '
        'write a checkpoint that has it: times of glosses come from it then, in testing and inference. Glosses and '
        'network stay as they are.',
        'python tools/train_aligner.py configs/slowfast/synthsign.py work_dirs/synthsign --out aligned.pth',
    )
    parser.add_argument('config', help='the config that the checkpoint was trained with')
    parser.add_argument('checkpoint', help='a checkpoint of cslrkit, or a work directory, whose best one is taken')
    parser.add_argument('--out', required=True, metavar='OUT.pth', help='the checkpoint to write')
    parser.add_argument('--split', default='train', help='whose sentences (default: %(default)s)')
    parser.add_argument('--states', type=int, default=5, help='of a sign (default: %(default)s)')
    parser.add_argument('--rounds', type=int, default=6, help='of training (default: %(default)s)')
    parser.add_argument(
        '--spread',
        type=float,
        default=0.1,
        help="standard deviation of the logarithm of a sign's duration (%(default)s)",
    )
    parser.add_argument('--device', help='e.g. cuda:0 (default: a GPU if there is one)')
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
        print(f'{fitted.num_left_out} sentences are too short for their glosses and were left out')
    print(f'written to {args.out}')


if __name__ == '__main__':
    run_tool(main)
