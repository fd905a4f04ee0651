"""Draw a synthetic signing corpus with the folders and annotations of any corpus, and prepare it."""

from cslrkit.utils.cli import add_import_option, make_parser, parse_size, run_tool
from cslrkit.utils.messages import plural


def main() -> None:
    """Parse the arguments, draw and prepare."""
    parser = make_parser(
        'Draw a synthetic signing corpus with the folders and annotations of any corpus, and prepare it.',
        'python tools/make_synthetic.py data/synthetic --preset small',
    )
    parser.add_argument('out', help='new or empty folder; the root of the corpus')
    parser.add_argument(
        '--corpus',
        '--layout',
        default='synthsign',
        metavar='NAME',
        help='whose folders, names and annotation files to write: synthsign, phoenix2014, phoenix2014-T, csl, '
        'csl-daily, custom, or your own (default: %(default)s)',
    )
    parser.add_argument(
        '--preset',
        default='small',
        choices=('tiny', 'small', 'large'),
        help='tiny for tests, small for the quickstart, large for benchmarks (default: %(default)s)',
    )
    parser.add_argument(
        '--size', type=parse_size, metavar='WxH', help="frame size in pixels, e.g. 210x260 (default: the preset's)"
    )
    parser.add_argument('--seed', type=int, default=0, help='of signs, signers and sentences (default: %(default)s)')
    parser.add_argument('--workers', type=int, metavar='N', help='processes that draw (default: one for each CPU)')
    parser.add_argument(
        '--videos',
        type=int,
        default=0,
        metavar='N',
        help='also write the first N test sentences as .mp4, into OUT/videos',
    )
    sessions = parser.add_argument_group('long videos')
    sessions.add_argument(
        '--session',
        type=float,
        metavar='MINUTES',
        help='also draw a signer who signs test sentences and rests between them, into OUT/sessions: a video, and '
        'what is done when (.json, .csv)',
    )
    sessions.add_argument(
        '--session-seed', type=int, default=0, metavar='N', help='of that session (default: %(default)s)'
    )
    sessions.add_argument('--signer', type=int, metavar='N', help='who signs it, from 0 (default: by the seed)')
    sessions.add_argument(
        '--rests',
        type=float,
        metavar='MINUTES',
        help='also draw each signer of the training set who does not sign, into OUT/rests',
    )
    add_import_option(parser)
    args = parser.parse_args()

    from cslrkit.corpora.synthsign import make_corpus, make_session, render_videos
    from cslrkit.utils.imports import import_modules

    import_modules(args.modules)
    summary = make_corpus(
        args.out,
        corpus=args.corpus,
        preset=args.preset,
        size=args.size,
        seed=args.seed,
        num_workers=args.workers,
    )
    for split, count in summary.num_samples.items():
        signers = ', '.join(summary.signers[split])
        print(f'{split:<5} {count:>4} sentences, {summary.num_frames[split]:>6} frames, signed by {signers}')
    print(f'{plural(len(summary.glosses), "gloss")}: {", ".join(summary.glosses)}')
    for pair in summary.minimal_pairs:
        print(f'minimal pair ({pair.component}): {pair.first}, {pair.second}')
    print(f'frames       {summary.root / summary.frame_dir}')
    print(f'annotations  {summary.root / "preprocess"}')
    for path in render_videos(args.out, count=args.videos) if args.videos > 0 else ():
        print(f'video        {path}')
    if args.session is not None:
        options = dict(minutes=args.session, seed=args.session_seed, signer=args.signer, progress=True)
        session = make_session(args.out, **options)
        print(f'session      {session.video}: {plural(len(session.sentences), "sentence")}')
    for number in range(len(summary.signers['train']) if args.rests is not None else 0):
        rest = make_session(args.out, minutes=args.rests, signer=number, split=None, progress=True)
        print(f'rest         {rest.video}')


if __name__ == '__main__':
    run_tool(main)
