"""Make a prepared corpus of one's own recordings."""

import os
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple
from unicodedata import normalize

from cslrkit.corpora.prepare.corpus import write_files
from cslrkit.corpora.prepare.custom_table import CustomRow, read_custom_table
from cslrkit.corpora.prepare.info import Info, build_gloss_dict
from cslrkit.corpora.prepare.layouts import SPLITS, PathLike
from cslrkit.corpora.prepare.recording import ImportedFrames, ImportTask, import_recording
from cslrkit.corpora.prepare.summary import PreparedCorpus, named, summarise_split
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.utils.parallel import run_parallel
from cslrkit.utils.progress import ProgressLine
from cslrkit.video.frame_folders import list_images
from cslrkit.video.images import Size, check_size

CORPUS = 'custom'
_NAMED_PROBLEMS = 20


def prepare_custom(
    table: PathLike,
    *,
    root: Optional[PathLike] = None,
    out: Optional[PathLike] = None,
    resize: Optional[Size] = None,
    frames_out: Optional[PathLike] = None,
    workers: Optional[int] = None,
    progress: bool = False,
) -> PreparedCorpus:
    """Prepare the recordings that a CSV or JSON file lists, for ``CSLRDataset``.

    Videos are decoded to ``frames/{id}/000000.png`` and so on (``frames-256x256px/`` with a size);
    folders of frames stay where they are, unless they are resized. The frame rate of a video, or
    of the table, is kept as ``frame_rate`` of the sentence's entry.

    Args:
        table: See ``read_custom_table``.
        root: What paths in the table are relative to, and the dataset's ``data_root``; the folder
            of the table by default.
        out: Where the info files go; ``root/preprocess`` by default.
        resize: Width and height in pixels of all frames; None keeps them.
        frames_out: Stands for the root in the paths of written frames.
        workers: Processes; None takes one for each CPU.
        progress: Whether to show progress on stderr.

    Raises:
        ConfigError: For a wrong size.
        DataNotFoundError: If the table or recordings do not exist; names them.
        DataError: If the table is malformed or recordings cannot be read; names them.
        OutputError: If files cannot be written.
    """
    size = None if resize is None else check_size(resize)
    rows = read_custom_table(table)
    root = Path(table).parent if root is None else Path(root)
    sources = [os.path.normpath(os.path.join(root, row.source)) for row in rows]
    _check_all([(row, '' if os.path.exists(path) else f"'{path}' does not exist") for row, path in zip(rows, sources)])

    frame_dir = 'frames' if size is None else f'frames-{size[0]}x{size[1]}px'
    target = os.path.abspath(os.path.join(root if frames_out is None else frames_out, frame_dir))
    folders, frames = _find_or_import(rows, sources, target, size, workers=workers, progress=progress)
    _check_all([(row, own.problem) for row, own in zip(rows, frames)])

    infos = _build_infos(rows, [_relative(folder, root) for folder in folders], frames)
    out = root / 'preprocess' if out is None else Path(out)
    write_files(out, CORPUS, infos)
    return PreparedCorpus(
        layout=CORPUS,
        out=out,
        frame_dir='.',
        splits={split: summarise_split(info, {}) for split, info in infos.items()},
        num_glosses=len(build_gloss_dict(infos.values())),
        notes=(*_notes(infos), *(own.note for own in frames if own.note)),
    )


def _find_or_import(
    rows: Sequence[CustomRow],
    sources: Sequence[str],
    target: str,
    size: Optional[Size],
    *,
    workers: Optional[int],
    progress: bool,
) -> Tuple[List[str], List[ImportedFrames]]:
    """Return the folder of each sentence's frames and what is in it, writing those that must be."""
    folders, frames = list(sources), [ImportedFrames()] * len(rows)
    imported = []
    for index, (row, source) in enumerate(zip(rows, sources)):
        if size is None and os.path.isdir(source):
            frames[index] = _list(source)
        else:
            imported.append(index)
            folders[index] = os.path.join(target, row.sample_id)
    line = ProgressLine('importing recordings', len(imported), shown=progress)
    tasks = [ImportTask(sources[index], folders[index], size) for index in imported]
    for number, own in run_parallel(import_recording, tasks, workers=workers):
        frames[imported[number]] = own
        line.add(1)
    line.close()
    return folders, frames


def _list(folder: str) -> ImportedFrames:
    try:
        return ImportedFrames(list_images(folder))
    except DataError as error:
        return ImportedFrames(problem=str(error))


def _build_infos(
    rows: Sequence[CustomRow], folders: Sequence[str], frames: Sequence[ImportedFrames]
) -> Dict[str, Info]:
    infos: Dict[str, Info] = {split: {} for split in SPLITS if any(row.split == split for row in rows)}
    for row, folder, own in zip(rows, folders, frames):
        label = ' '.join(row.glosses)
        entry = {
            'fileid': row.sample_id,
            'folder': f'{folder}/*{os.path.splitext(own.names[0])[1]}',
            'signer': row.signer,
            'label': label,
            'num_frames': len(own.names),
            'original_info': f'{row.sample_id}|{row.source}|{row.signer}|{label}',
        }
        rate = own.frame_rate if row.frame_rate is None else row.frame_rate
        if rate is not None:
            entry['frame_rate'] = rate
        infos[row.split][len(infos[row.split])] = entry
    return infos


def _relative(folder: str, root: Path) -> str:
    """Return ``folder`` relative to the root if it is below it, so that the corpus can be moved."""
    path, root = Path(os.path.abspath(folder)), Path(os.path.abspath(root))
    return (path.relative_to(root) if root in path.parents else path).as_posix()


def _check_all(problems: Sequence[Tuple[CustomRow, str]]) -> None:
    wrong = [(row, problem) for row, problem in problems if problem]
    if not wrong:
        return
    lines = [f"{row.where}: sample '{row.sample_id}': {problem}" for row, problem in wrong[:_NAMED_PROBLEMS]]
    if len(wrong) > _NAMED_PROBLEMS:
        lines.append(f'and {len(wrong) - _NAMED_PROBLEMS} more')
    lines.append('Mend or remove these rows and run again; what is done stays done.')
    kind = DataNotFoundError if all('does not exist' in problem for _, problem in wrong) else DataError
    raise kind('\n'.join(lines))


def _notes(infos: Mapping[str, Info]) -> List[str]:
    notes = [f'{split}: no sentence; no file was written for it' for split in SPLITS if split not in infos]
    looks: Dict[str, List[str]] = {}
    for gloss in build_gloss_dict(infos.values()):
        looks.setdefault(normalize('NFC', gloss), []).append(gloss)
    alike = sorted(look for look, glosses in looks.items() if len(glosses) > 1)
    if alike:
        notes.append(f'glosses that look alike but are written with different code points: {named(alike)}')
    return notes
