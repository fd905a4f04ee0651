"""Prepare a corpus as downloaded, or your own recordings, for training and scoring; or check one."""

import argparse
from pathlib import Path
from typing import Any, Dict

from cslrkit.utils.cli import make_parser, parse_size, run_tool

CORPORA = ('phoenix2014', 'phoenix2014-T', 'csl', 'csl-daily', 'custom')


def parse_workers(text: str) -> int:
    """Return a number of processes."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"got '{text}', expected a number of processes from 1")
    return int(text)


def main() -> int:
    """Parse the arguments, prepare or check."""
    parser = make_parser(
        'Prepare a corpus as downloaded, or your own recordings, for training and scoring; or check one. '
        'docs/data_format.md says what is expected where.',
        'python tools/prepare_data.py phoenix2014 --root data/phoenix2014 --resize 256x256',
    )
    parser.add_argument('corpus', choices=CORPORA, help='which corpus; custom: recordings listed by --table')
    parser.add_argument('--root', help="folder of the corpus (custom: default the table's folder)")
    parser.add_argument('--table', metavar='FILE', help='custom: CSV or JSON of id, frames or video, glosses, split')
    parser.add_argument('--out', help='folder for info files, vocabulary and STM files (default: ROOT/preprocess)')
    parser.add_argument('--frame-dir', metavar='DIR', help='folder of the frames below the root, if there are several')
    parser.add_argument('--resize', type=parse_size, metavar='WxH', help='also write all frames at this size')
    parser.add_argument('--frames-out', metavar='DIR', help='write frames below this folder instead of the root')
    parser.add_argument('--workers', type=parse_workers, metavar='N', help='processes (default: one for each CPU)')
    parser.add_argument('--check', action='store_true', help='verify a prepared corpus; exits with 1 and a list')
    args = parser.parse_args()
    if args.corpus == 'custom' and not args.check and not args.table:
        parser.error('custom needs --table')
    if args.root is None and (args.corpus != 'custom' or not args.table):
        parser.error('--root is needed')
    if args.corpus == 'custom' and args.frame_dir and not args.check:
        parser.error('--frame-dir: the table says where the frames are')
    shared = dict(out=args.out, workers=args.workers, progress=True)
    return check(args, shared) if args.check else prepare(args, shared)


def prepare(args: argparse.Namespace, shared: Dict[str, Any]) -> int:
    """Write the files and print the summary; frames that cannot be resized are listed."""
    from cslrkit.corpora.prepare import describe, prepare_corpus, prepare_custom

    shared.update(resize=args.resize, frames_out=args.frames_out)
    if args.corpus == 'custom':
        corpus = prepare_custom(args.table, root=args.root, **shared)
    else:
        corpus = prepare_corpus(args.root, args.corpus, frame_dir=args.frame_dir, **shared)
    print(describe(corpus))
    for path in corpus.resized.unreadable:
        print(f'cannot be read as an image: {path}')
    return 1 if corpus.resized.unreadable else 0


def check(args: argparse.Namespace, shared: Dict[str, Any]) -> int:
    """Print every problem of a prepared corpus."""
    from cslrkit.corpora.prepare import check_corpus

    root = Path(args.table).parent if args.root is None else args.root
    result = check_corpus(
        root, args.corpus, frame_dir=args.frame_dir, resize=args.resize, frames_out=args.frames_out, **shared
    )
    for problem in result.problems:
        print(problem)
    counted = f'{result.num_sentences} sentences, {result.num_frames} frames in {result.frame_root}'
    print(f'{counted}: {len(result.problems)} problems' if result.problems else f'{counted}: all in order')
    return 1 if result.problems else 0


if __name__ == '__main__':
    run_tool(main)
