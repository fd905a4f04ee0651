"""Recognizes hours of drawn video as fast as it can, three ways, and sees that memory and handles stay as they are.

The ways: long videos in windows, as ``tools/infer.py`` does; the live stream; and what the demo does with a clip. Each
has five parts, after which memory and open files are counted; the first part warms up.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Sequence, Tuple

import numpy as np

from cslrkit.apis import CSLRInferencer
from cslrkit.demo.clip_run import run_clip
from cslrkit.demo.serve import find_examples
from cslrkit.errors import DataNotFoundError
from cslrkit.video.clip import ArrayClip
from cslrkit.video.inputs import open_clips

_PARTS = 5
_RATE = 25.0
_MOST_MB = 32  # by which memory may grow from the first part to the last


class _Chain(ArrayClip):
    """Frames again and again until there are as many as wanted."""

    def __init__(self, frames: np.ndarray, count: int) -> None:
        super().__init__(frames, name='chain', frame_rate=_RATE)
        self.num_frames = count

    def __len__(self) -> int:
        return self.num_frames

    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield frames."""
        return (self._array[index % len(self._array)] for index in indices)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--checkpoint', default='work_dirs/synthsign', help='(default: that of the quickstart)')
    parser.add_argument('--videos', default='data/synthsign/videos', metavar='DIR', help='(default: %(default)s)')
    parser.add_argument('--hours', type=float, metavar='H', help='of video each way (default: 0.2; 0.02 if short)')


def run(args: argparse.Namespace) -> None:
    """Print a line for each part and each way.

    Raises:
        DataNotFoundError: If there are no videos.
        SystemExit: If memory or handles grew.
    """
    videos = find_examples(Path(args.videos))
    if not videos:
        raise DataNotFoundError(f"soak: '{args.videos}' has no videos. tools/make_synthetic.py DIR --videos 3")
    sys.path.insert(0, str(Path(__file__).parents[1] / 'tests/helpers'))
    inferencer = CSLRInferencer(args.checkpoint)
    frames = np.stack([frame.image for clip in open_clips(list(map(str, videos))) for frame in clip.frames()])
    hours = args.hours or (0.02 if args.short else 0.2)
    count = max(1, round(hours * 3600 * _RATE / _PARTS))
    stream = inferencer.stream()
    pushed = 0

    def infer() -> int:
        (result,) = inferencer(_Chain(frames, count))
        return len(result.spans)

    def live() -> int:
        nonlocal pushed
        events = 0
        for _ in range(count):
            events += len(stream.push([frames[pushed % len(frames)]], [pushed / _RATE]))
            pushed += 1
        return events

    def demo() -> int:
        clips = max(1, round(count * len(videos) / len(frames)))
        return sum(len(run_clip(inferencer, videos[place % len(videos)]).result.spans) for place in range(clips))

    ways: Dict[str, Callable[[], int]] = dict(infer=infer, live=live, demo=demo)
    flat = [_soak(name, way, hours) for name, way in ways.items()]
    if not all(flat):
        raise SystemExit(1)


def _soak(name: str, way: Callable[[], int], hours: float) -> bool:
    from memory import release_memory

    states: List[Tuple[float, int]] = []
    begin, found = time.monotonic(), 0
    for _ in range(_PARTS):
        found += way()
        release_memory()
        states.append((_megabytes(), len(os.listdir('/proc/self/fd'))))
    grown, handles = states[-1][0] - states[0][0], states[-1][1] - states[0][1]
    is_flat = grown <= _MOST_MB and handles <= 0
    row = dict(
        benchmark='soak',
        row=f'{name}, {hours:g} hours',
        glosses=found,
        times_real=round(hours * 3600 / (time.monotonic() - begin), 1),
        megabytes=[round(megabytes) for megabytes, _ in states],
        handles=[number for _, number in states],
    )
    print(f'{name}: memory {grown:+.0f} MB, handles {handles:+d}: {"flat" if is_flat else "NOT FLAT"}')
    print(json.dumps(row), flush=True)
    return is_flat


def _megabytes() -> float:
    """Memory of this process that is in use."""
    pages = int(Path('/proc/self/statm').read_text(encoding='utf-8').split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 2**20
