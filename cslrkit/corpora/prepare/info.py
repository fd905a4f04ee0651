"""Make and write the files that the dataset and the scorer read."""

import os
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Sequence, Union

from cslrkit.corpora.prepare.annotations import Annotation
from cslrkit.corpora.prepare.frames import FoundFrames
from cslrkit.corpora.prepare.layouts import PathLike, find_layout
from cslrkit.errors import OutputError
from cslrkit.registry import NORMALIZERS
from cslrkit.utils.npy import save_object

Info = Dict[Union[int, str], Any]


def build_info(
    layout: str, split: str, annotations: Sequence[Annotation], frames: Sequence[FoundFrames], *, frame_dir: str
) -> Info:
    """Return the content of ``{split}_info.npy``.

    Args:
        layout: One of ``LAYOUTS``.
        split: Name of the split.
        annotations: What ``read_annotations`` gave.
        frames: What ``find_frames`` gave for them.
        frame_dir: Folder of the frames relative to the root: the ``prefix`` of the PHOENIX corpora.
    """
    by_split = find_layout(layout).by_split
    info: Info = {'prefix': frame_dir} if by_split else {}
    for index, (annotation, found) in enumerate(zip(annotations, frames)):
        info[index] = {
            'fileid': annotation.sample_id,
            'folder': f'{split}/{found.folder}' if by_split else found.folder,
            'signer': annotation.signer,
            'label': annotation.label,
            'num_frames': len(found.names) if annotation.num_frames is None else annotation.num_frames,
            'original_info': annotation.original_info,
        }
    return info


def build_gloss_dict(infos: Iterable[Mapping]) -> Dict[str, List[int]]:
    """Return gloss -> [id, count] over all splits; ids from 1 in the order of code points."""
    counts = Counter(gloss for info in infos for entry in samples(info) for gloss in entry['label'].split())
    return {gloss: [index, counts[gloss]] for index, gloss in enumerate(sorted(counts), start=1)}


def samples(info: Mapping) -> Iterator[Dict[str, Any]]:
    """Yield the entries of an info dict, without its ``prefix``."""
    return (entry for key, entry in info.items() if isinstance(key, int))


def write_info(path: PathLike, info: Mapping) -> None:
    """Write an info dict as a zero-dimensional object array."""
    write_beside(Path(path), lambda temporary: save_object(temporary, dict(info)))


def write_gloss_dict(path: PathLike, gloss_dict: Mapping[str, List[int]]) -> None:
    """Write a vocabulary as a zero-dimensional object array."""
    write_beside(Path(path), lambda temporary: save_object(temporary, dict(gloss_dict)))


def write_stm(path: PathLike, info: Mapping) -> None:
    """Write the labels of ``info`` as the STM file that sclite and the scorer read."""
    lines = [f'{entry["fileid"]} 1 {entry["signer"]} 0.0 1.79769e+308 {entry["label"]}\n' for entry in samples(info)]
    write_beside(Path(path), lambda temporary: temporary.write_bytes(''.join(lines).encode('utf-8')))


def clean_references(info: Mapping, normalizer: str, *, split: str) -> Info:
    """Return ``info`` with the labels that it is scored against.

    Args:
        info: What ``build_info`` gave.
        normalizer: Name of a ``NORMALIZERS`` class.
        split: Name of the split: the ground truth of PHOENIX 2014 has repeats merged in train.
    """
    clean = NORMALIZERS.build(dict(type=normalizer))

    def label(entry: Mapping) -> str:
        words = [word for word in entry['label'].split(' ') if word]
        return ' '.join(clean.reference(words, split=split))

    return {index: dict(entry, label=label(entry)) for index, entry in enumerate(samples(info))}


def write_beside(path: Path, writer: Callable[[Path], Any]) -> None:
    """Let ``writer`` write beside ``path`` and move the result there in one step.

    Raises:
        OutputError: If that fails; what was there before stays.
    """
    temporary = path.with_name(f'.{path.name}.part-{os.getpid()}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            writer(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"'{path}' cannot be written: {error}.") from error
