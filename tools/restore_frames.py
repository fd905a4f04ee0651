"""Restore degraded hands and faces in the frames of a corpus."""

import argparse
import ast
from typing import Any, Dict, List

from cslrkit.utils.cli import add_device_option, add_import_option, make_parser, parse_count, run_tool


def main() -> None:
    """Parse the arguments, restore, and say how many frames there are."""
    parser = make_parser(
        'Write the frames of a prepared corpus with hands and face restored, into a folder of their own that trains '
        'and tests as the corpus does. A run that was stopped goes on where it was. docs/restoration.md says more.',
        'python tools/restore_frames.py synthsign --root data/blurred --prior work_dirs/prior --degradation MotionBlur '
        'length=9 angle=30 Noise sigma=2 --out data/restored',
    )
    parser.add_argument('corpus', help='name of the corpus, such as phoenix2014')
    parser.add_argument('--root', required=True, help='its folder')
    parser.add_argument('--prior', required=True, metavar='CHECKPOINT', help='of tools/train_prior.py, or its work dir')
    parser.add_argument(
        '--degradation',
        required=True,
        nargs='+',
        metavar='NAME|KEY=VALUE',
        help='what made the frames worse: classes of DEGRADATIONS, each with its arguments',
    )
    parser.add_argument('--out', required=True, metavar='DIR', help='folder for the restored frames')
    parser.add_argument('--regions', nargs='+', default=['hands', 'face'], help='default: hands face')
    parser.add_argument('--keypoints', metavar='DIR', help='keypoints in --root that say where regions are, as '
                        'StoredKeypoints reads them (default: found by motion)')  # fmt: skip
    parser.add_argument('--sampler', default='DiffPIR', help='DiffPIR (default), DDNM, DDNMPlus or DPS')
    parser.add_argument('--steps', type=parse_count, metavar='N', help="of the sampler (default: the sampler's)")
    parser.add_argument('--noise', type=float, default=0.0, metavar='SIGMA', help='further noise in the frames')
    parser.add_argument('--each-region', action='store_true', help='each region was degraded by itself, not the frame')
    parser.add_argument('--split', nargs='+', metavar='SPLIT', help='e.g. dev test (default: all)')
    parser.add_argument('--frame-subdir', metavar='DIR', help='folder of the frames')
    parser.add_argument('--seed', type=int, default=0, help='of the noise that is drawn (default: %(default)s)')
    add_device_option(parser)
    add_import_option(parser)
    args = parser.parse_args()

    from cslrkit.apis.restore import restore_frames
    from cslrkit.utils.imports import import_modules

    import_modules(args.modules)
    names = ('regions', 'keypoints', 'noise', 'each_region', 'frame_subdir', 'seed', 'device')
    counts = restore_frames(
        args.corpus,
        args.root,
        args.prior,
        args.out,
        degradation=parse_degradation(parser, args.degradation),
        sampler=dict(type=args.sampler, **({} if args.steps is None else dict(steps=args.steps))),
        splits=args.split,
        progress=True,
        **{name: getattr(args, name) for name in names},
    )
    print(
        f"'{args.out}': {counts['frames']} frames written, {counts['restored']} of them restored, {counts['kept']} "
        'without a region kept as they are'
    )


def parse_degradation(parser: argparse.ArgumentParser, words: List[str]) -> Dict[str, Any]:
    """Return the config of a degradation, or of a composition of several."""
    parts: List[Dict[str, Any]] = []
    for word in words:
        name, equals, text = word.partition('=')
        if not equals:
            parts.append(dict(type=name))
        elif not parts:
            parser.error(f"--degradation: got '{word}' first, expected the name of a class before its arguments")
        else:
            try:
                parts[-1][name] = ast.literal_eval(text)
            except (ValueError, SyntaxError):
                parser.error(f"--degradation: got '{word}', expected a number after {name}=")
    return parts[0] if len(parts) == 1 else dict(type='Compose', degradations=parts)


if __name__ == '__main__':
    run_tool(main)
