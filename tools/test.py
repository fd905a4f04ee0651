"""Score a checkpoint on a split."""

from cslrkit.utils.cli import add_run_options, make_parser, run_tool


def main() -> None:
    """Parse the arguments, test, print the WER table."""
    parser = make_parser(
        'Score a checkpoint on a split; hypotheses (CTM) and per-sentence scores (JSON) are written beside it.',
        'python tools/test.py configs/slowfast/synthsign.py work_dirs/synthsign/best_wer_epoch_12.pth --split dev',
    )
    parser.add_argument('config', help='the config that the checkpoint was trained with')
    parser.add_argument(
        'checkpoint',
        nargs='+',
        help='a checkpoint of cslrkit, or a work directory, whose best one is taken; several with --fuse',
    )
    parser.add_argument(
        '--fuse',
        choices=('mean',),
        help='decode several checkpoints together, from the mean of their log-probabilities',
    )
    parser.add_argument(
        '--split',
        nargs='+',
        choices=('train', 'dev', 'test'),
        default=['test'],
        help='one or several; train scores the training sentences with test transforms (default: test)',
    )
    parser.add_argument('--work-dir', help='where results and the log go (default: beside the checkpoint)')
    parser.add_argument(
        '--fold-bn',
        action='store_true',
        default=None,
        help='make batch norms part of the convolutions: faster, the same up to floating-point noise',
    )
    parser.add_argument(
        '--amp',
        nargs='?',
        const='bfloat16',
        choices=('float16', 'bfloat16'),
        help='precision of the backbone (default: bfloat16 if no value is given); scores may differ a little',
    )
    parser.add_argument(
        '--compile', action='store_true', default=None, help='compile the backbone: minutes first, faster then'
    )
    add_run_options(parser)
    args = parser.parse_args()
    if (len(args.checkpoint) > 1) != (args.fuse is not None):
        parser.error('give one checkpoint, or several with --fuse mean')

    from mmengine.dist import is_main_process

    from cslrkit.apis import evaluate_model
    from cslrkit.engine.checkpoint_io import find_checkpoint
    from cslrkit.engine.config import load_config
    from cslrkit.evaluation.report import format_wer_table

    checkpoint, *others = map(find_checkpoint, args.checkpoint)
    results = {
        split: evaluate_model(
            load_config(args.config, args.cfg_options),
            checkpoint,
            fuse_with=others,
            split=split,
            work_dir=args.work_dir,
            fold_bn=args.fold_bn,
            amp=args.amp,
            compile=args.compile,
            launcher=args.launcher,
        )
        for split in args.split
    }
    if is_main_process():
        names = ', '.join(map(str, (checkpoint, *others)))
        print(f'\n{format_wer_table(results)}\n\ncheckpoint{"s" if others else ""}: {names}')


if __name__ == '__main__':
    run_tool(main)
