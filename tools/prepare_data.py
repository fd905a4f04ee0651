"""Prepare a corpus as downloaded, or your own recordings, for training and scoring; or check one."""

from pathlib import Path
from typing import Any, Dict

from cslrkit.utils.cli import add_import_option, make_parser, parse_count, parse_size, run_tool
from cslrkit.utils.messages import plural


def main() -> int:
    """Parse the arguments, prepare or check."""
    parser = make_parser(
        'Prepare a corpus as downloaded, or your own recordings, for training and scoring; or check one. '
        'docs/data_format.md says what is expected where.',
        'python tools/prepare_data.py phoenix2014 --root data/phoenix2014 --resize 256x256',
    )
    parser.add_argument(
        'corpus', help='phoenix2014, phoenix2014-T, csl, csl-daily, custom (recordings listed by --table), or your own'
    )
    parser.add_argument('--root', help="folder of the corpus (custom: default the table's folder)")
    parser.add_argument('--table', metavar='FILE', help='custom: CSV or JSON of id, frames or video, glosses, split')
    parser.add_argument('--out', help='folder for info files, vocabulary and STM files (default: ROOT/preprocess)')
    parser.add_argument('--frame-dir', metavar='DIR', help='folder of the frames below the root, if there are several')
    parser.add_argument('--resize', type=parse_size, metavar='WxH', help='also write all frames at this size')
    parser.add_argument(
        '--frame-rate',
        type=float,
        metavar='FPS',
        help='custom: resample all recordings to it (default: to the commonest rate, if theirs differ)',
    )
    parser.add_argument('--frames-out', metavar='DIR', help='write frames below this folder instead of the root')
    parser.add_argument('--workers', type=parse_count, metavar='N', help='processes (default: one for each CPU)')
    parser.add_argument('--check', action='store_true', help='verify a prepared corpus; exits with 1 and a list')
    add_import_option(parser)
    args = parser.parse_args()
    if args.root is None and args.table is None:
        parser.error('custom needs --table' if args.corpus == 'custom' else '--root is needed')

    from cslrkit.corpora import find_corpus
    from cslrkit.utils.imports import import_modules

    import_modules(args.modules)
    corpus = find_corpus(args.corpus if args.table is None else dict(type=args.corpus, table=args.table))
    if corpus.recordings and args.frame_dir and not args.check:
        parser.error('--frame-dir: the table says where the frames are')
    root = Path(args.table).parent if args.root is None else args.root
    options = dict(
        out=args.out,
        frame_dir=args.frame_dir,
        resize=args.resize,
        frames_out=args.frames_out,
        workers=args.workers,
        progress=True,
    )
    return (
        check(root, corpus, options) if args.check else prepare(root, corpus, dict(options, frame_rate=args.frame_rate))
    )


def prepare(root: str, corpus: Any, options: Dict[str, Any]) -> int:
    """Write the files and print the summary; frames that cannot be resized are listed."""
    from cslrkit.corpora.prepare import describe, prepare_corpus

    prepared = prepare_corpus(root, corpus, **options)
    print(describe(prepared))
    for path in prepared.resized.unreadable:
        print(f'cannot be read as an image: {path}')
    return 1 if prepared.resized.unreadable else 0


def check(root: str, corpus: Any, options: Dict[str, Any]) -> int:
    """Print every problem of a prepared corpus."""
    from cslrkit.corpora.prepare import check_corpus

    result = check_corpus(root, corpus, **options)
    for problem in result.problems:
        print(problem)
    counted = f'{plural(result.num_sentences, "sentence")}, {plural(result.num_frames, "frame")} in {result.frame_root}'
    print(f'{counted}: {plural(len(result.problems), "problem")}' if result.problems else f'{counted}: all in order')
    return 1 if result.problems else 0


if __name__ == '__main__':
    run_tool(main)
