"""Videos of whole sessions: sentences of one signer with rests between them, and what is done when."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

import numpy as np

from cslrkit.corpora.base import DrawnClip, find_corpus
from cslrkit.corpora.synthsign.drawing import DrawingTask, drawn_frames
from cslrkit.corpora.synthsign.make import plan_corpus
from cslrkit.corpora.synthsign.motion import Performance, perform
from cslrkit.corpora.synthsign.randomness import stream
from cslrkit.corpora.synthsign.record import find_record
from cslrkit.corpora.synthsign.rests import rest, rest_frames
from cslrkit.corpora.synthsign.signers import make_signers
from cslrkit.corpora.synthsign.spec import FRAME_RATE, CorpusSpec
from cslrkit.errors import ConfigError, DataNotFoundError
from cslrkit.utils.files import write_atomically
from cslrkit.utils.progress import ProgressLine


@dataclass(frozen=True)
class Session:
    """A drawn session; numbers are frames, the second one of a pair the frame after the last.

    Args:
        video: The file.
        glosses: Each sign: gloss, its frames.
        sentences: Frames of each sentence, from the rest pose to the rest pose.
        rests: What is done between them: ``idle``, ``scratch``, ``drink`` or ``fold``, and its frames.
    """

    video: Path
    glosses: Tuple[Tuple[str, int, int], ...]
    sentences: Tuple[Tuple[int, int], ...]
    rests: Tuple[Tuple[str, int, int], ...]


def make_session(
    root: Union[str, Path],
    *,
    minutes: float,
    seed: int = 0,
    signer: Optional[int] = None,
    split: Optional[str] = 'test',
    out_dir: Union[str, Path, None] = None,
    progress: bool = False,
) -> Session:
    """Draw a session: sentences of a split in random order, signed anew by one signer, with rests of 0.8 to 20 s.

    Beside ``NAME.mp4`` it writes ``NAME.json``, with the frames of glosses, sentences and rests as
    ``synthetic.json`` has them, and ``NAME.csv`` with a row for each gloss; ``tools/analysis/spans.py`` takes both.

    Args:
        root: A corpus that ``make_corpus`` drew.
        minutes: How long it is at least.
        seed: Of the order, of each repetition and of the rests.
        signer: Number of the signer in the corpus, from 0; by default the seed's turn of those who are in train.
        split: Whose sentences; None draws rests only.
        out_dir: Where to; the folder ``sessions`` of the corpus, or ``rests`` without sentences, by default.
        progress: Whether to show progress on the console when it takes more than two seconds.

    Raises:
        DataNotFoundError: If ``root`` is no synthetic corpus.
        ConfigError: For a length, a signer or a split that cannot be.
        OutputError: If a file cannot be written.
    """
    root = Path(root)
    record = find_record(root)
    if not 0 < minutes < np.inf:
        raise ConfigError(f'make_session: minutes: got {minutes:g}, expected a length above 0.')
    spec, corpus = _spec_of(record), find_corpus(record['corpus'])
    known = spec.num_signers - spec.num_unseen_signers
    number = seed % known if signer is None else signer
    if not 0 <= number < spec.num_signers:
        raise ConfigError(f'make_session: signer: got {signer}, expected 0 to {spec.num_signers - 1}.')
    person = make_signers(spec.num_signers, record['seed'])[number]
    lexicon, words, tasks = plan_corpus(root, corpus, spec, record['seed'])
    sentences = [task.clip.glosses for task in tasks if task.clip.split == split]
    if split is not None and not sentences:
        raise ConfigError(f"make_session: split: got '{split}', expected train, dev or test.")

    rng = stream(record['seed'], 'session', seed, number, split)
    poses: List[np.ndarray] = []
    glosses, places, rests = [], [], []
    position = 0
    while position < minutes * 60 * FRAME_RATE:
        moved, doings = rest(rest_frames(rng), rng)
        rests += [(name, position + first, position + last) for name, first, last in doings]
        poses.append(moved)
        position += len(moved)
        if sentences:
            sentence = sentences[rng.randint(len(sentences))]
            signed = perform(sentence, lexicon.signs, signer=person, spec=spec, rng=rng)
            placed = zip(sentence, signed.spans)
            glosses += [(words[gloss], position + first, position + last) for gloss, (first, last) in placed]
            places.append((position, position + len(signed.poses)))
            poses.append(signed.poses)
            position += len(signed.poses)

    name = f'{person.name}-{seed}'
    folder = Path(out_dir) if out_dir is not None else root / ('sessions' if sentences else 'rests')
    session = Session(folder / f'{name}.mp4', tuple(glosses), tuple(places), tuple(rests))
    clip = DrawnClip('session', seed, sample_id=name, signer_name=person.name, num_frames=position)
    _write_video(DrawingTask(clip, Performance(np.concatenate(poses), ()), person, folder), session, record, progress)
    _write_truth(session, person.name, position)
    return session


def _write_video(task: DrawingTask, session: Session, record: Dict[str, Any], progress: bool) -> None:
    from cslrkit.video.video_writer import VideoWriter

    line = ProgressLine('frames drawn', len(task.performance.poses), shown=progress)
    writer = VideoWriter(session.video, FRAME_RATE)
    for canvas in drawn_frames(task, find_corpus(record['corpus']), _spec_of(record), seed=record['seed']):
        writer.write(canvas.frame())
        line.add(1)
    writer.close()
    line.close()


def _write_truth(session: Session, signer: str, num_frames: int) -> None:
    name = session.video.stem
    clip = dict(
        split='session',
        signer=signer,
        num_frames=num_frames,
        glosses=session.glosses,
        sentences=session.sentences,
        rests=session.rests,
    )
    record = dict(frame_rate=FRAME_RATE, clips={name: clip})
    write_atomically(session.video.with_suffix('.json'), json.dumps(record, ensure_ascii=False) + '\n')
    rows = [
        f'{name},{gloss},{first / FRAME_RATE:.2f},{last / FRAME_RATE:.2f}' for gloss, first, last in session.glosses
    ]
    write_atomically(session.video.with_suffix('.csv'), '\n'.join(('id,glosses,start,end', *rows, '')))


def read_session(video: Union[str, Path]) -> Session:
    """Return what is known of a session that ``make_session`` drew, from the file beside its video.

    Raises:
        DataNotFoundError: If there is none.
    """
    video = Path(video)
    try:
        (clip,) = json.loads(video.with_suffix('.json').read_text(encoding='utf-8'))['clips'].values()
        parts = {name: tuple(map(tuple, clip[name])) for name in ('glosses', 'sentences', 'rests')}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataNotFoundError(
            f"'{video}': no session is described beside it ({error!r}). Draw one: tools/make_synthetic.py --session."
        ) from error
    return Session(video, **parts)


def _spec_of(record: Dict[str, Any]) -> CorpusSpec:
    """The spec that a record was written of: JSON has no tuples and no numbers as keys."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in record['spec'].items()}
    values['sentence_lengths'] = {int(length): weight for length, weight in values['sentence_lengths'].items()}
    return CorpusSpec(**values)
