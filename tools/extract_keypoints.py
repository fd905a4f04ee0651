"""Find the keypoints of people in videos: each once, in several processes, going on where a call stopped."""

import argparse

from cslrkit.utils.cli import make_parser, parse_count, quiet_opencv, run_tool


def parse_args() -> argparse.Namespace:
    """Parse the arguments."""
    parser = make_parser(
        'Find the keypoints of people in videos with MediaPipe, which runs in an environment of its own, and write '
        'NAME.npy and NAME.json of each. A second call does what is missing or has changed, by DIR/manifest.jsonl. '
        'docs/keypoints.md says how a config and tools/infer.py read them.',
        'python tools/extract_keypoints.py --make-env envs/mediapipe\n'
        "  python tools/extract_keypoints.py 'archive/**/*.mp4' --python envs/mediapipe --out keypoints --workers 4",
    )
    parser.add_argument(
        'inputs', nargs='*', metavar='INPUT', help="a video, a folder of frames, or a pattern in quotes: 'a/**/*.mp4'"
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument('--python', metavar='PATH', help='Python of an environment with MediaPipe, or its folder')
    where.add_argument(
        '--make-env', metavar='DIR', help='make such an environment there, unless it is there, and use it'
    )
    parser.add_argument('--out', metavar='DIR', help='folder of the manifest and of the keypoints')
    parser.add_argument(
        '--layout', default='mediapipe543', metavar='NAME', help='mediapipe543 (default), or mediapipe553 with irises'
    )
    parser.add_argument('--worker', metavar='FILE', help="a script of your own in MediaPipe's place, for other layouts")
    parser.add_argument('--overlay', action='store_true', help='write DIR/overlay/NAME.mp4, too: the points drawn')
    parser.add_argument('--workers', type=parse_count, default=1, metavar='N', help='processes (default: 1)')
    parser.add_argument('--retry', action='store_true', help='try again what failed before')
    parser.add_argument('--frame-rate', type=float, metavar='FPS', help='of frames that do not say')
    args = parser.parse_args()
    if bool(args.inputs) != bool(args.out) or not (args.inputs or args.make_env):
        parser.error('give INPUT and --out together; without them only --make-env does something')
    return args


def main() -> None:
    """Extract, and say how many videos were done and which failed."""
    args = parse_args()
    quiet_opencv()

    from cslrkit.apis.infer import raise_failed
    from cslrkit.apis.keypoint_archive import extract_keypoints
    from cslrkit.video.keypoints.extractor import make_environment

    python = args.python or make_environment(args.make_env)
    if not args.inputs:
        print(f"'{python}' has MediaPipe")
        return
    report = extract_keypoints(
        args.inputs,
        args.out,
        python=python,
        layout=args.layout,
        worker=args.worker,
        overlay=args.overlay,
        workers=args.workers,
        frame_rate=args.frame_rate,
        retry=args.retry,
        progress=True,
    )
    failed = len(report.failed)
    print(f"{report.written} extracted, {report.kept} done before, {failed} failed; '{args.out}' has the keypoints")
    raise_failed(report.failed, report.written + report.kept + failed)


if __name__ == '__main__':
    run_tool(main)
