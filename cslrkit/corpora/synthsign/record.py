"""The file in a synthetic corpus that says how it was made and where each gloss is signed; videos of its sentences."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from cslrkit.corpora.base import DrawnClip, find_corpus
from cslrkit.corpora.synthsign.drawing import DrawingTask
from cslrkit.corpora.synthsign.signs import Lexicon
from cslrkit.corpora.synthsign.spec import FRAME_RATE, CorpusSpec
from cslrkit.errors import DataNotFoundError, OutputError
from cslrkit.utils.files import write_atomically
from cslrkit.utils.plain_json import parse_json

RECORD_NAME = 'synthetic.json'
_VERSION = 1  # of the drawing: a corpus of another version is not the same corpus


def make_record(
    tasks: Sequence[DrawingTask], lexicon: Lexicon, words: Mapping[str, str], spec: CorpusSpec, **made_of: Any
) -> Dict[str, Any]:
    """Return what ``synthetic.json`` says besides whether the corpus is complete, as JSON has it."""
    record = {
        'version': _VERSION,
        **made_of,  # corpus, seed
        'frame_rate': FRAME_RATE,
        'spec': asdict(spec),
        'signs': {words[gloss]: asdict(sign) for gloss, sign in lexicon.signs.items()},
        'minimal_pairs': [[words[p.first], words[p.second], p.component] for p in lexicon.minimal_pairs],
        'signers': sorted({task.signer.name for task in tasks}),
        'clips': {
            task.clip.sample_id: {
                'split': task.clip.split,
                'signer': task.clip.signer_name,
                'num_frames': task.clip.num_frames,
                # [gloss, first frame, frame after the last]
                'glosses': [[word, *span] for word, span in zip(task.clip.words, task.performance.spans)],
            }
            for task in tasks
        },
    }
    return json.loads(json.dumps(record))


def is_complete(root: Path, record: Dict[str, Any]) -> bool:
    """Whether ``root`` holds this very corpus; False if it is empty or holds a part, an OutputError for all else."""
    if (root / RECORD_NAME).is_file():
        found = read_record(root) or {}
        complete = found.pop('complete', False)
        if found == record:
            return complete
        raise OutputError(f"'{root}' holds another synthetic corpus. Give a new folder, or remove that one first.")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise OutputError(f"'{root}' is not empty. Give a new or empty folder.")
    return False


def read_record(root: Path) -> Optional[Dict[str, Any]]:
    """Return what ``synthetic.json`` says; None if there is none that can be read."""
    try:
        found = parse_json((root / RECORD_NAME).read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return None
    if isinstance(found, dict) and 'layout' in found:
        # 0.1.0 named the corpus whose folders it drew; by itself it drew those of PHOENIX 2014.
        layout = found.pop('layout')
        found['corpus'] = 'synthsign' if layout == 'phoenix2014' else layout
    return found if isinstance(found, dict) else None


def find_record(root: Path) -> Dict[str, Any]:
    """Return what ``synthetic.json`` says.

    Raises:
        DataNotFoundError: If there is none that can be read.
    """
    record = read_record(root)
    if record is None:
        raise DataNotFoundError(
            f"'{root}' holds no synthetic corpus (no readable {RECORD_NAME}). Draw one with tools/make_synthetic.py."
        )
    return record


def write_record(root: Path, record: Dict[str, Any], *, complete: bool) -> None:
    """Write ``synthetic.json`` in one step; an OutputError if it cannot be written."""
    text = json.dumps({'complete': complete, **record}, ensure_ascii=False, indent=1)
    write_atomically(root / RECORD_NAME, f'{text}\n')


def render_videos(
    root: Union[str, Path],
    *,
    count: int = 1,
    split: str = 'test',
    out_dir: Union[str, Path, None] = None,
    suffix: str = '.mp4',
) -> List[Path]:
    """Write the first sentences of a split as videos named by their samples.

    Args:
        root: A corpus that ``make_corpus`` drew.
        count: How many; 0 for all.
        split: ``'train'``, ``'dev'`` or ``'test'``.
        out_dir: Where to; the folder ``videos`` of the corpus by default.
        suffix: As :class:`cslrkit.video.video_writer.VideoWriter` takes it.

    Returns:
        The files.

    Raises:
        DataNotFoundError: If ``root`` is no synthetic corpus, or has no such sentence.
        OutputError: If a file cannot be written.
    """
    from cslrkit.video.inputs import open_clips
    from cslrkit.video.video_writer import VideoWriter

    root = Path(root)
    record = find_record(root)
    names = [name for name, clip in record['clips'].items() if clip['split'] == split]
    folder = Path(out_dir) if out_dir is not None else root / 'videos'
    corpus = find_corpus(record['corpus'])
    frames = root / corpus.distributed_frames(record['spec']['frame_size'])
    written = []
    for name in names[: count or None]:
        clip = open_clips(frames / corpus.clip_folder(DrawnClip(split, sample_id=name)))[0]
        target = folder / f'{name}{suffix}'
        writer = VideoWriter(target, record['frame_rate'])
        for frame in clip.frames():
            writer.write(frame.image)
        writer.close()
        written.append(target)
    return written
