"""Sentences of a synthetic corpus as videos."""

from pathlib import Path
from typing import List, Union

from cslrkit.corpora.base import DrawnClip, find_corpus
from cslrkit.corpora.synthsign.record import RECORD_NAME, read_record
from cslrkit.errors import DataNotFoundError


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
        suffix: As :class:`cslrkit.video.captions.VideoWriter` takes it.

    Returns:
        The files.

    Raises:
        DataNotFoundError: If ``root`` is no synthetic corpus, or has no such sentence.
        OutputError: If a file cannot be written.
    """
    from cslrkit.video.captions import VideoWriter
    from cslrkit.video.sources import open_sources

    root = Path(root)
    record = read_record(root)
    if record is None:
        raise DataNotFoundError(
            f"'{root}' holds no synthetic corpus (no readable {RECORD_NAME}). Draw one with tools/make_synthetic.py."
        )
    names = [name for name, clip in record['clips'].items() if clip['split'] == split]
    folder = Path(out_dir) if out_dir is not None else root / 'videos'
    corpus = find_corpus(record['corpus'])
    frames = root / corpus.distributed_frames(record['spec']['frame_size'])
    written = []
    for name in names[: count or None]:
        source = open_sources(frames / corpus.clip_folder(DrawnClip(split, sample_id=name)))[0]
        target = folder / f'{name}{suffix}'
        writer = VideoWriter(target, record['frame_rate'])
        for frame in source.frames():
            writer.write(frame.image)
        writer.close()
        written.append(target)
    return written
