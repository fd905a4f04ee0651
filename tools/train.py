"""Train a recognizer from a config."""

from cslrkit.utils.cli import add_run_options, make_parser, run_tool


def main() -> None:
    """Parse the arguments and train."""
    parser = make_parser(
        'Train a recognizer from a config.',
        'python tools/train.py configs/slowfast/synthsign.py --work-dir work_dirs/first --seed 1',
    )
    parser.add_argument('config', help='a Python or YAML config file')
    parser.add_argument('--work-dir', help='where checkpoints and logs go (default: work_dirs/<config name>)')
    parser.add_argument(
        '--resume',
        nargs='?',
        const=True,
        default=False,
        metavar='CHECKPOINT',
        help='go on from the last checkpoint of the work directory, or from CHECKPOINT',
    )
    parser.add_argument(
        '--amp',
        nargs='?',
        const='auto',
        choices=('auto', 'float16', 'bfloat16'),
        help='mixed precision; auto means float16 on CUDA and bfloat16 elsewhere',
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='multiply the learning rate by the clips of one update over auto_scale_lr.base_batch_size',
    )
    parser.add_argument(
        '--strategy',
        metavar='NAME',
        help='how several processes share the state of training: deepspeed_zero2, deepspeed_zero3 or fsdp',
    )
    parser.add_argument('--seed', type=int, help='seed of all random generators')
    add_run_options(parser)
    args = parser.parse_args()

    from cslrkit.apis import train_model
    from cslrkit.engine.config import load_config

    train_model(
        load_config(args.config, args.cfg_options),
        args.work_dir,
        resume=args.resume,
        amp=args.amp,
        seed=args.seed,
        launcher=args.launcher,
        strategy=args.strategy,
        auto_scale_lr=args.auto_scale_lr,
    )


if __name__ == '__main__':
    run_tool(main)
