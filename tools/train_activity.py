"""Train what says of a trained recognizer's frames whether anybody signs."""

from cslrkit.utils.cli import add_cfg_options, add_device_option, add_trained_network, make_parser, run_tool
from cslrkit.utils.messages import plural


def main() -> None:
    """Parse the arguments, train, write."""
    parser = make_parser(
        'Train, on sentences of the training set that are joined with rests, what says of each frame whether anybody '
        'signs, and write a checkpoint that has it: tools/infer.py then recognizes the utterances of a long video and '
        'leaves out the rests. Glosses and network stay as they are.',
        'python tools/train_activity.py configs/slowfast/synthsign.py work_dirs/synthsign --out active.pth '
        "--rests 'data/synthsign/rests/*.mp4'",
    )
    add_trained_network(parser)
    parser.add_argument('--out', required=True, metavar='OUT.pth', help='the checkpoint to write')
    parser.add_argument(
        '--rests',
        nargs='+',
        default=(),
        metavar='VIDEO',
        help='videos of people who do not sign, patterns in quotes (default: ends of sentences, held)',
    )
    parser.add_argument(
        '--split', choices=('train', 'dev', 'test'), default='train', help='whose sentences (default: %(default)s)'
    )
    parser.add_argument('--seed', type=int, default=0, help='(default: %(default)s)')
    add_device_option(parser)
    add_cfg_options(parser)
    args = parser.parse_args()

    from cslrkit.apis.activity import train_activity
    from cslrkit.engine.config import load_config

    trained = train_activity(
        load_config(args.config, args.cfg_options),
        args.checkpoint,
        args.out,
        rests=args.rests,
        split=args.split,
        device=args.device,
        seed=args.seed,
        progress=True,
    )
    print(
        f'{plural(trained.num_sentences, "sentence")} joined with rests, {plural(trained.num_frames, "frame")}; of the '
        f'last tenth, not trained on, {100 * trained.accuracy:.1f} % are right'
    )
    print(f'written: {args.out}')


if __name__ == '__main__':
    run_tool(main)
