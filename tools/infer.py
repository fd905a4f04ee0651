"""Recognize the signing in videos: glosses with times and confidence."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

from cslrkit.utils.cli import (
    add_checkpoint_option,
    add_device_option,
    add_frame_options,
    add_import_option,
    make_parser,
    parse_size,
    quiet_opencv,
    run_tool,
)


def parse_args() -> argparse.Namespace:
    """Parse the arguments."""
    parser = make_parser(
        'Recognize the signing in videos: glosses with times and confidence. A checkpoint is enough, its config and '
        'vocabulary travel in it.',
        'python tools/infer.py clip.mp4 --checkpoint work_dirs/synthsign --video captions.mp4\n'
        "  python tools/infer.py 'recordings/*.mp4' --checkpoint best.pth --out-dir out --format json vtt elan",
    )
    parser.add_argument(
        'inputs',
        nargs='+',
        metavar='INPUT',
        help="a video, a folder of frames, a pattern in quotes such as 'a/*.mp4', or the index of a camera (0)",
    )
    add_checkpoint_option(parser)
    parser.add_argument('--config', help='its config (default: the one in the checkpoint)')
    add_device_option(parser)
    output = parser.add_argument_group('output')
    output.add_argument('--out-dir', metavar='DIR', help='write files there (default: print only)')
    output.add_argument(
        '--format',
        nargs='+',
        metavar='NAME',
        help='text json ctm vtt srt elan; written to --out-dir (default there: json)',
    )
    output.add_argument(
        '--jsonl',
        nargs='?',
        const='-',
        metavar='OUT.jsonl',
        help='a line of JSON for each input as soon as it ends, in a file or in the place of the table',
    )
    output.add_argument(
        '--video', metavar='OUT', help='video with captions: .mp4 .webm .avi .mkv, or a folder for several inputs'
    )
    output.add_argument('--font', help='font file of the captions (default: one that has the characters)')
    output.add_argument('--nbest', type=int, default=1, metavar='N', help='sequences to give (default: 1)')
    frames = parser.add_argument_group('how the video is read')
    frames.add_argument(
        '--frame-size', type=parse_size, metavar='WxH', help="size of the corpus's frames (default: by the config)"
    )
    add_frame_options(frames)
    frames.add_argument(
        '--corpus-rate',
        metavar='FPS',
        default='config',
        help="rate to which videos are resampled, or 'none' (default: the corpus's)",
    )
    frames.add_argument(
        '--dtype', choices=('float32', 'bfloat16', 'float16'), help='of the backbone (default: float32)'
    )
    frames.add_argument(
        '--extractor',
        nargs='+',
        metavar='PATH',
        help='for a model of keypoints: Python or folder of an environment with MediaPipe, and perhaps a script of '
        'your own in its place',
    )
    frames.add_argument('--duration', type=float, metavar='S', help='seconds to record from a camera')
    windows = parser.add_argument_group('long videos')
    windows.add_argument(
        '--window',
        default='16',
        metavar='S',
        help="seconds of a window; 'none' takes all at once (default: %(default)s)",
    )
    windows.add_argument(
        '--overlap', type=float, metavar='S', help='of two windows (default: 4.0, at most half a window)'
    )
    windows.add_argument(
        '--no-segment',
        action='store_true',
        help='recognize all of a video, although the checkpoint knows when nobody signs',
    )
    windows.add_argument('--batch-size', type=int, default=1, metavar='N', help='windows at once (default: 1)')
    add_import_option(parser)
    args = parser.parse_args()
    for name in ('window', 'corpus_rate'):
        value = getattr(args, name)
        if value not in ('none', 'config'):
            try:
                setattr(args, name, float(value))
            except ValueError:
                parser.error(f"--{name.replace('_', '-')}: got '{value}', expected a number or 'none'")
        elif value == 'none':
            setattr(args, name, None)
    if args.window == 'config':
        parser.error("--window: got 'config', expected a number or 'none'")
    if args.format and not args.out_dir:
        parser.error('--format: say where to with --out-dir')
    if args.jsonl not in (None, '-') and not args.jsonl.endswith('.jsonl'):
        parser.error(f"--jsonl: got '{args.jsonl}', expected a name that ends in .jsonl, or none")
    return args


def main() -> None:
    """Recognize, print a table for each input, and write what was asked for."""
    args = parse_args()
    quiet_opencv()

    from cslrkit.apis import CSLRInferencer
    from cslrkit.apis.infer import FailedInput, captioned_paths, check_formats, open_each, raise_failed
    from cslrkit.utils.files import ensure_writable_dir
    from cslrkit.utils.imports import import_modules
    from cslrkit.video.keypoints.clip import with_extractor

    check_formats(args.format or ())
    import_modules(args.modules)
    if args.out_dir:
        ensure_writable_dir(args.out_dir, what='output', option='--out-dir')
    given: List[Union[str, int]] = [int(each) if _is_camera(each) else each for each in args.inputs]
    # Opened before the network is built, so that a mistyped name is told at once.
    opened = open_each(given, frame_rate=args.frame_rate, duration=args.duration)
    failed = [each for each in opened if isinstance(each, FailedInput)]
    clips = [each for each in opened if not isinstance(each, FailedInput)]
    videos = dict(zip(clips, captioned_paths(args.video, clips))) if args.video else {}
    if clips:
        model, weights = _model(args.checkpoint, args.config)
        inferencer = CSLRInferencer(
            model,
            weights,
            args.device,
            frame_size=args.frame_size,
            fit=args.fit,
            corpus_rate=args.corpus_rate,
            dtype=args.dtype,
        )
        spec = inferencer.spec
        layout, beside = spec.layout or spec.beside, spec.beside is not None
        inputs = with_extractor(clips, layout, args.extractor, beside=beside) if args.extractor else clips
        _recognize(inferencer, inputs, failed, {clip.name: (clip, path) for clip, path in videos.items()}, args)
    raise_failed(failed, len(opened))


def _recognize(
    inferencer: Any, clips: List[Any], failed: List[Any], videos: Dict[str, Tuple[Any, Path]], args: Any
) -> None:
    """Write and print what comes of each clip; those that fail are added to ``failed``.

    ``videos`` has by the names of clips what is captioned, and where that goes.
    """
    from cslrkit.apis.infer import FailedInput, ResultFiles, format_result, write_captioned
    from cslrkit.errors import DataError

    files = ResultFiles(args.out_dir, args.format or ['json'], jsonl=args.jsonl)
    for each in failed:
        files.add_failed(each)
    windows = dict(batch_size=args.batch_size, window=args.window, overlap=args.overlap, nbest=args.nbest)
    windows['segment'] = not args.no_segment
    separator = ''
    for outcome in inferencer.recognize_each(clips, progress=True, **windows):
        if isinstance(outcome, FailedInput):
            failed.append(outcome)
            files.add_failed(outcome)
            continue
        try:
            files.add(outcome)
            if outcome.name in videos:
                clip, path = videos[outcome.name]
                write_captioned(clip, outcome, path, font=args.font)
                files.written.append(path)
        except DataError as error:
            failed.append(FailedInput(outcome.source, error))
        for note in outcome.notes:
            print(f'warning: {note}', file=sys.stderr)
        if args.jsonl != '-':
            print(separator + format_result(outcome))
            separator = '\n'
    files.close()
    if args.jsonl != '-':
        print(''.join(f'\nwritten: {path}' for path in files.written))


def _is_camera(text: str) -> bool:
    return text.isdecimal() and not os.path.exists(text)


def _model(checkpoint: str, config: Optional[str]) -> Tuple[str, Optional[str]]:
    return (config, checkpoint) if config else (checkpoint, None)


if __name__ == '__main__':
    run_tool(main)
