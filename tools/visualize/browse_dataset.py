"""Look at what a network is fed: samples before and after augmentation."""

import argparse
from pathlib import Path

from cslrkit.utils.cli import add_cfg_options, make_parser, run_tool


def parse_args() -> argparse.Namespace:
    """Parse the arguments."""
    parser = make_parser(
        "Write contact sheets of samples: frames on disk above, and below what the split's pipeline made of them.",
        'python tools/visualize/browse_dataset.py configs/slowfast/synthsign.py --num 3 --draws 3 --out browse\n'
        '  python tools/visualize/browse_dataset.py configs/slowfast/synthsign.py --split dev --sample-id ID --video',
    )
    parser.add_argument('config', help='a config')
    parser.add_argument(
        '--split', default='train', choices=('train', 'dev', 'test'), help='with its own pipeline (default: train)'
    )
    parser.add_argument('--num', type=int, default=4, metavar='N', help='samples, from the first on (default: 4)')
    parser.add_argument('--sample-id', nargs='+', default=[], metavar='ID', help='these samples instead')
    parser.add_argument(
        '--draws', type=int, metavar='K', help='runs of the pipeline on each (default: 2 for train, else 1)'
    )
    parser.add_argument('--seed', type=int, default=0, help='of the first draw, the next one has seed + 1 (default: 0)')
    parser.add_argument('--out', default='browse', metavar='DIR', help='folder for the sheets (default: %(default)s)')
    parser.add_argument(
        '--video', action='store_true', help='also write each draw as a video, source frames at its left'
    )
    add_cfg_options(parser)
    return parser.parse_args()


def main() -> None:
    """Draw the sheets."""
    args = parse_args()

    from cslrkit.engine.config import load_config
    from cslrkit.utils.files import ensure_writable_dir
    from cslrkit.utils.progress import ProgressLine
    from cslrkit.visualization.browse import SampleBrowser, find_samples
    from cslrkit.visualization.canvas import save_picture

    browser = SampleBrowser(load_config(args.config, args.cfg_options), args.split)
    out = ensure_writable_dir(args.out, what='output', option='--out')
    places = find_samples(browser.dataset, args.sample_id, args.num)
    line = ProgressLine('samples', len(places))
    for place in places:
        number = args.draws if args.draws is not None else 2 if args.split == 'train' else 1
        runs = browser.run(place, seed=args.seed, times=number)
        name = Path(runs[0].sample.sample_id.replace('/', '_'))
        print(f'written: {save_picture(browser.sheet(place, runs), out / f"{name}.png")}')
        for run in runs if args.video else ():
            path = out / f'{name}_seed{run.seed}.webm'
            browser.write_video(place, run, path)
            print(f'written: {path}')
        line.add(1)
    line.close()


if __name__ == '__main__':
    run_tool(main)
