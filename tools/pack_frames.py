"""Pack the frames of a corpus into a few files that are read several times faster; or verify a pack."""

import argparse
from typing import Any, List

from cslrkit.utils.cli import add_cfg_options, add_import_option, make_parser, parse_count, run_tool


def main() -> int:
    """Parse the arguments, pack or verify."""
    parser = make_parser(
        'Pack the frames of a corpus into a few files that are read several times faster, pixel for pixel the same; '
        'or verify a pack. A run that was stopped goes on where it was. docs/packed_frames.md says how to use it.',
        'python tools/pack_frames.py configs/slowfast/synthsign.py --cfg-options data_root=data/synthsign\n'
        '  python tools/pack_frames.py phoenix2014 --root data/phoenix2014 --split dev test',
    )
    parser.add_argument('source', metavar='CONFIG|CORPUS', help='a config file, or a corpus such as phoenix2014')
    parser.add_argument('--root', help='folder of the corpus, if a corpus is named')
    parser.add_argument('--frame-subdir', metavar='DIR', help='folder of the frames, if a corpus is named')
    parser.add_argument('--split', nargs='+', metavar='SPLIT', help='what to pack, e.g. train dev (default: all)')
    parser.add_argument('--out', metavar='DIR', help='folder of the pack (default: ROOT/packed/NAME OF FRAME FOLDER)')
    parser.add_argument('--codec', default='zstd', help='zstd, raw or files (default: %(default)s)')
    parser.add_argument('--shard-frames', type=parse_count, default=2048, metavar='N', help='frames in a file')
    parser.add_argument('--workers', type=parse_count, metavar='N', help='processes (default: one for each CPU)')
    parser.add_argument('--verify', action='store_true', help='compare a pack with the frames, pixel by pixel')
    add_import_option(parser)
    add_cfg_options(parser)
    args = parser.parse_args()

    from cslrkit.corpora.packing import datasets_of_config, datasets_of_corpus
    from cslrkit.registry import CORPORA
    from cslrkit.utils.imports import import_modules

    import_modules(args.modules)
    if args.root:
        datasets = datasets_of_corpus(args.source, args.root, splits=args.split, frame_subdir=args.frame_subdir)
    elif args.source in CORPORA.names():
        parser.error(f'{args.source} needs --root')
    elif args.frame_subdir:
        parser.error('--frame-subdir goes with the name of a corpus and --root')
    else:
        from cslrkit.engine.config import load_config

        datasets = datasets_of_config(load_config(args.source, args.cfg_options), args.split)
    return verify(args, datasets) if args.verify else pack(args, datasets)


def pack(args: argparse.Namespace, datasets: List[Any]) -> int:
    """Pack each split and print its size."""
    from cslrkit.corpora.packing import pack_dir_of
    from cslrkit.video.packed import pack_frames

    shared = dict(codec=args.codec, shard_frames=args.shard_frames, workers=args.workers, progress=True)
    for dataset in datasets:
        print(pack_frames(dataset, pack_dir_of(dataset, args.out), **shared).describe())
    return 0


def verify(args: argparse.Namespace, datasets: List[Any]) -> int:
    """Print every problem of the packs of all splits."""
    from cslrkit.corpora.packing import pack_dir_of
    from cslrkit.video.packed import verify_pack

    bad = False
    for dataset in datasets:
        result = verify_pack(dataset, pack_dir_of(dataset, args.out), workers=args.workers, progress=True)
        for problem in result.problems:
            print(problem)
        print(f'{dataset.split}: {result.describe()}')
        bad = bad or bool(result.problems)
    return 1 if bad else 0


if __name__ == '__main__':
    run_tool(main)
