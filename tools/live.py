"""Recognize signing while it is signed: from a camera, an address, or a file played in real time."""

import argparse
import sys
from typing import Any

from cslrkit.utils.cli import (
    add_checkpoint_option,
    add_device_option,
    add_import_option,
    make_parser,
    quiet_opencv,
    run_tool,
)
from cslrkit.utils.messages import plural


def parse_args() -> argparse.Namespace:
    """Parse the arguments."""
    parser = make_parser(
        'Recognize signing while it is signed. A gloss is printed when it is first seen (?) and when it is final; one '
        'that is not seen any more is taken back (-). Ctrl-C ends it.',
        'python tools/live.py 0 --checkpoint work_dirs/synthsign --show',
    )
    parser.add_argument('input', metavar='INPUT', help='index of a camera (0), address (rtsp://...) or video file')
    add_checkpoint_option(parser)
    add_device_option(parser)
    parser.add_argument(
        '--corpus-rate', type=float, metavar='FPS', help="rate to which frames are resampled (default: the corpus's)"
    )
    parser.add_argument(
        '--window', type=float, default=4.0, metavar='S', help='seconds that the network sees (default: %(default)s)'
    )
    parser.add_argument(
        '--hop', type=float, default=0.32, metavar='S', help='seconds between two runs of it (default: %(default)s)'
    )
    parser.add_argument(
        '--lookahead',
        type=float,
        default=0.48,
        metavar='S',
        help='seconds that it sees after a sign until the sign is final: more is surer (default: %(default)s)',
    )
    parser.add_argument('--fast', action='store_true', help='read a file as fast as possible and drop no frame')
    parser.add_argument('--jsonl', metavar='OUT.jsonl', help='write a line of JSON for each event, as it comes')
    parser.add_argument('--video', metavar='OUT.mp4', help='write the pictures with captions, as they were shown')
    parser.add_argument('--show', action='store_true', help='show the pictures with captions in a window')
    add_import_option(parser)
    return parser.parse_args()


def main() -> None:
    """Stream, and print events."""
    args = parse_args()
    quiet_opencv()

    from cslrkit.apis import CSLRInferencer
    from cslrkit.apis.live_output import LiveOutput
    from cslrkit.utils.imports import import_modules
    from cslrkit.video.live_frames import LiveFrames, open_live

    import_modules(args.modules)
    source, is_file = open_live(args.input)
    rate = {} if args.corpus_rate is None else dict(corpus_rate=args.corpus_rate)
    inferencer = CSLRInferencer(args.checkpoint, device=args.device, **rate)
    stream = inferencer.stream(window=args.window, hop=args.hop, lookahead=args.lookahead)
    frames = LiveFrames(source, paced=is_file and not args.fast, held=None if is_file and args.fast else 2.0)
    window = 'cslrkit' if args.show else None
    with LiveOutput(inferencer.model.vocab, jsonl=args.jsonl, video=args.video, window=window) as output:
        try:
            _run(frames, stream, output)
        except KeyboardInterrupt:
            print(file=sys.stderr)
        finally:
            output.tell(stream.flush())
    if frames.num_dropped or stream.num_late:
        late = f'{plural(stream.num_late, "frame")} came too late'
        print(f'{late}, {frames.num_dropped} were dropped because the network was slower than they', file=sys.stderr)


def _run(frames: Any, stream: Any, output: Any) -> None:
    for batch in frames:
        if batch:
            output.tell(stream.push([frame.image for frame in batch], [frame.time for frame in batch]))
            output.show(batch)
        else:  # nothing came for a while
            output.tell(stream.flush())


if __name__ == '__main__':
    run_tool(main)
