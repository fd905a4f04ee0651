"""Show where in its frames a model saw each gloss."""

import argparse
from functools import partial
from typing import Any

from cslrkit.utils.cli import (
    add_cfg_options,
    add_checkpoint_option,
    add_device_option,
    make_parser,
    quiet_opencv,
    run_tool,
)


def parse_args() -> argparse.Namespace:
    """Parse the arguments."""
    parser = make_parser(
        'Heat maps of what a model looked at for each gloss that it decoded: Grad-CAM and its kind, at any layer.',
        'python tools/visualize/cam.py clip.mp4 --checkpoint work_dirs/synthsign --format grid video\n'
        '  python tools/visualize/cam.py --split dev --num 3 --checkpoint work_dirs/synthsign '
        '--layer backbone.s3 --stream fast',
    )
    parser.add_argument('inputs', nargs='*', metavar='INPUT', help='videos, or folders of frames')
    parser.add_argument('--split', choices=('train', 'dev', 'test'), help="instead: samples of the config's corpus")
    parser.add_argument('--sample-id', nargs='+', default=[], metavar='ID', help='which (default: the first of it)')
    parser.add_argument('--num', type=int, default=1, metavar='N', help='how many of them (default: 1)')
    add_checkpoint_option(parser)
    parser.add_argument('--config', help='its config (default: the one in the checkpoint)')
    add_device_option(parser)
    parser.add_argument(
        '--layer', metavar='NAME', help='e.g. backbone.s3 (default: the last one with 7 x 7 places or more)'
    )
    parser.add_argument('--stream', metavar='NAME', help='pathway of a layer with several: slow (default) or fast')
    parser.add_argument(
        '--method', default='gradcam', metavar='NAME', help='gradcam (default), gradcam++, hirescam or eigencam'
    )
    parser.add_argument('--gloss', nargs='+', metavar='GLOSS', help='only these of the decoded glosses')
    parser.add_argument('--out', default='cam', metavar='DIR', help='folder for the pictures (default: %(default)s)')
    parser.add_argument(
        '--format', nargs='*', default=['grid'], metavar='NAME', help='grid (default), video and frames; none for none'
    )
    parser.add_argument(
        '--regions',
        action='store_true',
        help='also count how much heat lies on hands, face and body, in a table, regions.json and regions.png; with '
        '--split of a synthetic corpus',
    )
    parser.add_argument('--font', help='font file of the captions (default: one that has the characters)')
    add_cfg_options(parser)
    args = parser.parse_args()
    if bool(args.inputs) == bool(args.split):
        parser.error('give either INPUT or --split')
    if args.regions and not args.split:
        parser.error('--regions goes with --split')
    if args.cfg_options and not args.config:
        parser.error('--cfg-options changes a config: give --config')
    return args


def main() -> None:
    """Read the clips, compute and write."""
    args = parse_args()
    quiet_opencv()

    from cslrkit.apis import init_recognizer
    from cslrkit.apis.infer import FailedInput, frame_spec, open_each, raise_failed, read_clip
    from cslrkit.engine.config import load_config
    from cslrkit.errors import DataError
    from cslrkit.utils.checks import one_of
    from cslrkit.utils.progress import ProgressLine
    from cslrkit.visualization import compute_cam, write_cams
    from cslrkit.visualization.browse import evaluation_samples
    from cslrkit.visualization.cam_pictures import FORMATS
    from cslrkit.visualization.heat_regions import RegionShares

    for name in args.format:
        one_of('--format', name, FORMATS)
    config = load_config(args.config, args.cfg_options) if args.config else None
    model, config = init_recognizer(args.checkpoint, config, device=args.device)
    if args.split:
        failed = []
        clips = [
            (args.split, read)
            for read in evaluation_samples(config, args.split, sample_ids=args.sample_id, num=args.num)
        ]
    else:
        opened = open_each(args.inputs, frame_rate=frame_spec(config).frame_rate)
        failed = [each for each in opened if isinstance(each, FailedInput)]
        found = [each for each in opened if not isinstance(each, FailedInput)]
        clips = [(clip.source, partial(read_clip, clip, config)) for clip in found]
    total = len(clips) + len(failed)
    masks, shares = _region_masks(config, args.split) if args.regions else None, RegionShares()
    line = ProgressLine('clips', len(clips))
    for source, read in clips:
        try:
            clip = read()
            cams = compute_cam(
                model, clip, layer=args.layer, stream=args.stream, method=args.method, targets=args.gloss
            )
            name = clip['data_samples'].sample_id
            heading = f'{name}   {args.method} {args.layer or ""} {args.stream or ""}'.rstrip()
            written = write_cams(clip, cams, args.out, formats=args.format, heading=heading, font=args.font)
        except DataError as error:
            failed.append(FailedInput(source, error))
            continue
        line.add(1)
        print(f'{name}: {" ".join(cam.span.gloss for cam in cams) or "no gloss was decoded"}')
        for path in written:
            print(f'  written: {path}')
        if masks is not None:
            shares.add(cams, masks(name))
    line.close()
    if shares.found:
        print(shares.table())
        for path in shares.write(args.out, split=args.split, method=args.method, layer=args.layer, stream=args.stream):
            print(f'written: {path}')
    raise_failed(failed, total)


def _region_masks(config: Any, split: str) -> Any:
    from cslrkit.engine.complete import select_split
    from cslrkit.visualization.heat_regions import RegionMasks

    return RegionMasks(select_split(config, split).test_dataloader.dataset)


if __name__ == '__main__':
    run_tool(main)
