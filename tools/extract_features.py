"""Write the features of a trained backbone, to train on them instead of on frames."""

import os

from cslrkit.utils.cli import (
    add_cfg_options,
    add_device_option,
    add_import_option,
    add_trained_network,
    make_parser,
    parse_count,
    run_tool,
)


def main() -> None:
    """Parse the arguments, extract, and say how a config reads the features."""
    parser = make_parser(
        "Write the features that a checkpoint's backbone gives for each frame of a corpus. A run that was stopped goes "
        'on where it was. Several processes share the work when they are started by torchrun. docs/features.md says '
        'how to train on them.',
        'python tools/extract_features.py configs/slowfast/synthsign.py work_dirs/synthsign --out data/features\n'
        '  torchrun --nproc_per_node=2 tools/extract_features.py CONFIG CHECKPOINT --out DIR --split train --copies 4',
    )
    add_trained_network(parser)
    parser.add_argument('--out', required=True, metavar='DIR', help='folder for the features')
    parser.add_argument(
        '--split', nargs='+', default=['train', 'dev', 'test'], choices=('train', 'dev', 'test'), help='default: all'
    )
    parser.add_argument('--streams', nargs='+', metavar='NAME', help="which of the backbone's streams (default: all)")
    parser.add_argument('--dtype', default='float32', help='float32 (default), or float16 for half the space')
    parser.add_argument(
        '--copies', type=parse_count, default=0, metavar='N', help='augmented copies of each training sentence'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the copies (default: %(default)s)')
    add_device_option(parser)
    parser.add_argument('--workers', type=int, default=1, metavar='N', help='processes that read frames (default: 1)')
    add_import_option(parser)
    add_cfg_options(parser)
    args = parser.parse_args()

    from cslrkit.apis import extract_features
    from cslrkit.engine.config import load_config
    from cslrkit.utils.imports import import_modules

    import_modules(args.modules)
    config = load_config(args.config, args.cfg_options)
    options = dict(streams=args.streams, dtype=args.dtype, seed=args.seed, device=args.device, workers=args.workers)
    for split in args.split:
        copies = args.copies if split == 'train' else 0
        specs = extract_features(
            config, args.checkpoint, args.out, split=split, copies=copies, progress=True, **options
        )
    streams = ', '.join(f'{name}={vars(spec)}' for name, spec in specs.items())
    print(f"'{args.out}' holds the features of {', '.join(args.split)}. A config reads them with")
    print(f"  features = dict(type='ExtractedFeatures', path='{os.path.abspath(args.out)}')")
    print(f"  model = dict(backbone=dict(_delete_=True, type='PrecomputedFeatures', streams=dict({streams})))")


if __name__ == '__main__':
    run_tool(main)
