"""Make and write the files that the dataset and the scorer read."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Sequence, Union

from cslrkit.corpora.base import Annotation, Corpus
from cslrkit.corpora.prepare.frames import FoundFrames
from cslrkit.corpora.tables import PathLike
from cslrkit.registry import NORMALIZERS
from cslrkit.utils.files import write_atomically, write_beside
from cslrkit.utils.npy import save_object

GROUND_TRUTH = 'ground-truth'  # folder of the cleaned references

Info = Dict[Union[int, str], Any]


def build_infos(
    corpus: Corpus, annotations: Sequence[Annotation], frames: Sequence[FoundFrames], *, frame_dir: str
) -> Dict[str, Info]:
    """Return the content of ``{split}_info.npy`` by split; ``frame_dir`` is the ``prefix`` of the PHOENIX corpora."""
    infos: Dict[str, Info] = {}
    for annotation, found in zip(annotations, frames):
        split = annotation.split
        info = infos.setdefault(split, {'prefix': frame_dir} if corpus.by_split else {})
        index = len(info) - corpus.by_split  # the prefix is a key, too
        info[index] = {
            'fileid': annotation.sample_id,
            'folder': f'{split}/{found.folder}' if corpus.by_split else found.folder,
            'signer': annotation.signer,
            'label': annotation.label,
            'num_frames': len(found.names) if annotation.num_frames is None else annotation.num_frames,
            'original_info': annotation.original_info,
        }
        if found.frame_rate is not None:
            info[index]['frame_rate'] = found.frame_rate
    return infos


def build_gloss_dict(infos: Iterable[Mapping]) -> Dict[str, List[int]]:
    """Return gloss -> [id, count] over all splits; ids from 1 in the order of code points."""
    counts = Counter(gloss for info in infos for entry in samples(info) for gloss in entry['label'].split())
    return {gloss: [index, counts[gloss]] for index, gloss in enumerate(sorted(counts), start=1)}


def samples(info: Mapping) -> Iterator[Dict[str, Any]]:
    """Yield the entries of an info dict, without its ``prefix``."""
    return (entry for key, entry in info.items() if isinstance(key, int))


def write_files(out: Path, corpus: Corpus, infos: Mapping[str, Info]) -> None:
    """Write the info files, the STM files and the vocabulary of all splits."""
    for split, info in infos.items():
        write_object(out / f'{split}_info.npy', info)
        name = f'{corpus.published_name or corpus.name}-groundtruth-{split}.stm'
        write_stm(out / name, info)
        if corpus.normalizer is not None:
            write_stm(out / GROUND_TRUTH / name, clean_references(info, corpus.normalizer, split=split))
    write_object(out / 'gloss_dict.npy', build_gloss_dict(infos.values()))


def write_object(path: PathLike, content: Mapping) -> None:
    """Write an info dict or a vocabulary as a zero-dimensional object array."""
    write_beside(Path(path), lambda temporary: save_object(temporary, dict(content)))


def write_stm(path: PathLike, info: Mapping) -> None:
    """Write the labels of ``info`` as the STM file that sclite and the scorer read."""
    lines = [f'{entry["fileid"]} 1 {entry["signer"]} 0.0 1.79769e+308 {entry["label"]}\n' for entry in samples(info)]
    write_atomically(path, ''.join(lines))


def clean_references(info: Mapping, normalizer: str, *, split: str) -> Info:
    """Return ``info`` with the labels that it is scored against, cleaned by a NORMALIZERS class."""
    clean = NORMALIZERS.build(dict(type=normalizer))

    def label(entry: Mapping) -> str:
        words = [word for word in entry['label'].split(' ') if word]
        return ' '.join(clean.reference(words, split=split))

    return {index: dict(entry, label=label(entry)) for index, entry in enumerate(samples(info))}
