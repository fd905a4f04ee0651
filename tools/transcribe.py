"""Recognize the signing in an archive of videos: each once, in several processes, going on where a call stopped."""

import argparse

from cslrkit.utils.cli import (
    add_checkpoint_option,
    add_frame_options,
    add_import_option,
    make_parser,
    parse_count,
    quiet_opencv,
    run_tool,
)


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
    add_checkpoint_option(parser)
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
    add_frame_options(parser)
    add_import_option(parser)
    return parser.parse_args()


def main() -> None:
    """Transcribe, and say how many videos were done and which failed."""
    args = parse_args()
    quiet_opencv()

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
