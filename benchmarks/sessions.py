"""Recognizes drawn sessions with rests, and compares with their sentences alone and with signing everywhere."""

import argparse
import json
import resource
import time
from typing import Dict, Iterator, List, Sequence

import numpy as np

from benchmarks.alternate import environment
from cslrkit.apis import CSLRInferencer
from cslrkit.corpora.synthsign import FRAME_RATE, Session, read_session
from cslrkit.errors import ConfigError
from cslrkit.evaluation.functional.wer import score_sentence
from cslrkit.structures import GlossSpan
from cslrkit.video.inputs import open_clips

REQUIRED = dict(wer_ratio=1.1, false_per_minute=1.0)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--checkpoint', default='active.pth', help='with an activity (default: %(default)s)')
    parser.add_argument('--sessions', nargs='+', required=True, metavar='VIDEO', help='from tools/make_synthetic.py')
    parser.add_argument('--whole', action='store_true', help='also recognize all of each video, rests and all')


def run(args: argparse.Namespace) -> None:
    """Recognize each session in the ways that are compared; the last row is of all sessions together."""
    inferencer = CSLRInferencer(args.checkpoint)
    if getattr(inferencer.model, 'activity', None) is None:
        raise ConfigError(f"sessions: '{args.checkpoint}' has no activity. Train one with tools/train_activity.py.")
    rows: List[Dict[str, float]] = []
    for clip in open_clips(args.sessions):
        session = read_session(clip.source)
        begin = time.perf_counter()
        (result,) = inferencer(clip.source)
        seconds = time.perf_counter() - begin
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        alone = [span for frames in _sentences(session) for span in inferencer(frames, segment=False)[0].spans]
        row = dict(glosses=len(session.glosses), minutes=result.num_frames / FRAME_RATE / 60, seconds=seconds)
        row.update(rest_minutes=_frames(session) / FRAME_RATE / 60, **_count(session, 'session', result.spans))
        row['errors_alone'] = _count(session, 'alone', alone)['errors_alone']
        if args.whole:
            (whole,) = inferencer(clip.source, segment=False)
            row.update(_count(session, 'whole', whole.spans))
        rows.append(row)
        print(json.dumps(dict(benchmark='sessions', row=clip.name, **_rates(row), memory_mb=memory)))
    total = _rates({name: sum(row[name] for row in rows) for name in rows[0]})
    for name, limit in REQUIRED.items():
        reached = 'reached' if total[name] <= limit else 'NOT REACHED'
        print(f'sessions: {name} {total[name]:.3g}, required {limit:g}: {reached}')
    print(json.dumps(dict(benchmark='sessions', row=f'{len(rows)} sessions', **total)))
    print(json.dumps(dict(env=environment())))


def _sentences(session: Session) -> Iterator[np.ndarray]:
    """The frames of each sentence."""
    waiting, held = list(session.sentences), []
    for position, frame in enumerate(open_clips(session.video)[0].frames()):
        if waiting and waiting[0][0] <= position:
            held.append(frame.image)
            if position + 1 == waiting[0][1]:
                yield np.stack(held)
                waiting, held = waiting[1:], []


def _count(session: Session, name: str, spans: Sequence[GlossSpan]) -> Dict[str, float]:
    """Errors, and glosses whose middle lies in a rest."""
    score = score_sentence([gloss for gloss, *_ in session.glosses], [span.gloss for span in spans])
    middles = [sum(span.frames) / 2 for span in spans]
    return {
        f'errors_{name}': score.counts.wer / 100 * len(session.glosses),
        f'false_{name}': sum(first <= middle < last for middle in middles for _, first, last in session.rests),
    }


def _frames(session: Session) -> int:
    return sum(last - first for _, first, last in session.rests)


def _rates(row: Dict[str, float]) -> Dict[str, float]:
    wers = {f'wer_{name[7:]}': 100 * row[name] / row['glosses'] for name in row if name.startswith('errors_')}
    rates = dict(
        minutes=row['minutes'],
        glosses=row['glosses'],
        **wers,
        wer_ratio=wers['wer_session'] / max(wers['wer_alone'], 1e-9),
        rest_minutes=row['rest_minutes'],
        false_per_minute=row['false_session'] / row['rest_minutes'],
        real_time_factor=row['seconds'] / 60 / row['minutes'],
    )
    if 'false_whole' in row:
        rates['false_per_minute_whole'] = row['false_whole'] / row['rest_minutes']
    return {name: round(value, 4) for name, value in rates.items()}
