"""Streams the sentences of a drawn corpus in a chain, as a camera would, and compares with reading them at once."""

import argparse
import json
import resource
import time
from pathlib import Path
from statistics import median
from typing import Any, Dict, List, Tuple

import numpy as np
from mmengine.registry import DefaultScope

from benchmarks.alternate import environment
from cslrkit.apis import CSLRInferencer
from cslrkit.apis.infer.frames import eval_dataset
from cslrkit.apis.live import GlossEvent
from cslrkit.corpora.segments import Segment, read_segments
from cslrkit.evaluation.functional.wer import score_sentence
from cslrkit.registry import DATASETS

REQUIRED = dict(real_time_factor=0.5, delay_s=1.0, wer_ratio=1.05)
RATE = 25.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--checkpoint', default='work_dirs/synthsign', help='(default: that of the quickstart)')
    parser.add_argument('--data-root', default='data/synthsign', help='of its corpus (default: %(default)s)')
    parser.add_argument('--split', choices=('dev', 'test'), default='test')
    parser.add_argument('--minutes', type=float, metavar='M', help='of signing (default: the split once)')
    parser.add_argument('--hop', type=float, default=0.32, metavar='S')
    parser.add_argument('--window', type=float, default=4.0, metavar='S')
    parser.add_argument('--lookahead', type=float, default=0.48, metavar='S')


def run(args: argparse.Namespace) -> None:
    """Stream, read at once, compare."""
    inferencer = CSLRInferencer(args.checkpoint)
    config = {**eval_dataset(inferencer.config), 'data_root': args.data_root, 'split': args.split, 'pipeline': []}
    with DefaultScope.overwrite_default_scope('cslrkit'):
        dataset = DATASETS.build(config)
    ids = range(min(8, len(dataset)) if args.short else len(dataset))
    truth = read_segments(Path(args.data_root, 'synthetic.json'))
    frames: List[np.ndarray] = []
    signs: List[Segment] = []
    for index in ids:
        start = len(frames) / RATE
        frames += [frame.image for frame in dataset.clip(index).frames()]
        signs += [
            Segment(sign.gloss, start + sign.start, start + sign.end) for sign in truth[dataset.sample_ids[index]]
        ]
    length = len(frames) / RATE
    passes = 1 if args.minutes is None else max(1, round(60 * args.minutes / length))

    stream = inferencer.stream(window=args.window, hop=args.hop, lookahead=args.lookahead)
    events, seconds, memory = _stream(stream, frames, passes)
    finals = [event for event in events if event.kind == 'final']
    offline = [span.gloss for span in inferencer(np.stack(frames))[0].spans]
    signed = [
        Segment(sign.gloss, number * length + sign.start, number * length + sign.end)
        for number in range(passes)
        for sign in signs
    ]
    streamed = score_sentence([sign.gloss for sign in signed], [event.gloss for event in finals])
    row = dict(
        benchmark='live',
        row=f'{len(ids)} sentences of {args.split} in a chain, {passes * length / 60:.1f} minutes',
        real_time_factor=sum(seconds) / (passes * length),
        hop_ms_p95=1e3 * float(np.percentile([second for second in seconds if second > 1e-3], 95)),
        **_delays(events, [(signed[edit.ref], finals[edit.hyp]) for edit in streamed.edits if edit.op == 'C']),
        wer=streamed.counts.wer,
        wer_offline=score_sentence([sign.gloss for sign in signs], offline).counts.wer,
        memory_mb=memory,
    )
    row['wer_ratio'] = row['wer'] / max(row['wer_offline'], 1e-9)
    for name, limit in REQUIRED.items():
        print(f'live: {name} {row[name]:.3g}, required {limit:g}: {"reached" if row[name] <= limit else "NOT REACHED"}')
    print(json.dumps({key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}))
    print(json.dumps(dict(env=environment())))


def _stream(stream: Any, frames: List[np.ndarray], passes: int) -> Tuple[List[GlossEvent], List[float], List[int]]:
    """All events, the seconds that each frame took, and the peak memory after each fifth of the frames."""
    events, seconds, memory = [], [], []
    total = passes * len(frames)
    for number in range(total):
        start = time.perf_counter()
        events += stream.push([frames[number % len(frames)]], [number / RATE])
        seconds.append(time.perf_counter() - start)
        if (number + 1) % max(1, total // 5) == 0:
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    return events + stream.flush(), seconds, memory


def _delays(events: List[GlossEvent], found: List[Tuple[Segment, GlossEvent]]) -> Dict[str, Any]:
    """Seconds from the true end of a sign to its final gloss, and to when it was first shown; revisions."""
    shown = {event.id: event.emitted_at for event in reversed(events) if event.kind == 'partial'}
    final = [event.emitted_at - sign.end for sign, event in found]
    revoked = sum(event.kind == 'revoked' for event in events)
    return dict(
        delay_s=median(final),
        delay_p95_s=float(np.percentile(final, 95)),
        first_shown_s=median(shown.get(event.id, event.emitted_at) - sign.end for sign, event in found),
        revoked_per_final=revoked / max(1, sum(event.kind == 'final' for event in events)),
    )
