"""Recognize the signing in an archive of videos: each once, in several processes, going on where a call stopped."""

import argparse
import os

from cslrkit.utils.cli import add_import_option, make_parser, parse_count, run_tool


def parse_args() -> argparse.Namespace:
    """Parse the arguments."""
    parser = make_parser(
        'Recognize the signing in an archive of videos and write the files of each into a folder of its own. A second '
        'call does what is missing or has changed, by DIR/manifest.jsonl.',
        "python tools/transcribe.py 'archive/**/*.mp4' --checkpoint best.pth --out out --format elan json --workers 4",
    )
    parser.add_argument(
        'inputs', nargs='+', metavar='INPUT', help="a video, a folder of frames, or a pattern in quotes: 'a/**/*.mp4'"
    )
    parser.add_argument(
        '--checkpoint', required=True, help='a checkpoint, or a work directory, whose best one is taken'
    )
    parser.add_argument('--out', required=True, metavar='DIR', help='folder of the manifest and of the results')
    parser.add_argument(
        '--format', nargs='+', default=['json'], metavar='NAME', help='text json ctm vtt srt elan (default: json)'
    )
    parser.add_argument(
        '--workers', type=parse_count, default=1, metavar='N', help='processes, each with a network (default: 1)'
    )
    parser.add_argument('--retry', action='store_true', help='try again what failed before')
    parser.add_argument(
        '--device', nargs='+', default=[None], help='e.g. cuda:0 cuda:1, in turn (default: a GPU if there is one)'
    )
    parser.add_argument(
        '--fit',
        choices=('stretch', 'crop', 'pad'),
        help='stretch frames of another shape, cut out their central part, or add black (default: by the config)',
    )
    parser.add_argument(
        '--frame-rate', type=float, metavar='FPS', help="of frames that do not say (default: the corpus's)"
    )
    add_import_option(parser)
    return parser.parse_args()


def main() -> None:
    """Transcribe, and say how many videos were done and which failed."""
    args = parse_args()
    # What is wrong with a file is said in a line of our own.
    os.environ.setdefault('OPENCV_LOG_LEVEL', 'SILENT')
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')

    from cslrkit.apis.archive import transcribe_archive
    from cslrkit.apis.infer import raise_failed

    report = transcribe_archive(
        args.inputs,
        args.checkpoint,
        args.out,
        formats=args.format,
        workers=args.workers,
        devices=args.device,
        fit=args.fit,
        frame_rate=args.frame_rate,
        modules=args.modules,
        retry=args.retry,
        progress=True,
    )
    failed = len(report.failed)
    print(f"{report.written} transcribed, {report.kept} done before, {failed} failed; '{args.out}' has the results")
    raise_failed(report.failed, report.written + report.kept + failed)


if __name__ == '__main__':
    run_tool(main)
