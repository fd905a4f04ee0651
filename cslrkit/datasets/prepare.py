"""Turn a corpus's own annotations into the files that the dataset and the scorer read.

Reading (``read_annotations``), counting frames (``build_info``), the vocabulary
(``build_gloss_dict``) and writing (``write_info``, ``write_gloss_dict``, ``write_stm``) are apart;
``prepare_corpus`` is the sequence of them.
"""

import io
import os
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, Iterable, List, Mapping, Optional, Tuple, Union

from cslrkit.errors import ConfigError, DataError, DataNotFoundError, OutputError
from cslrkit.registry import nearest
from cslrkit.utils.npy import save_object

SPLITS = ('train', 'dev', 'test')
PathLike = Union[str, Path]


@dataclass(frozen=True)
class CorpusLayout:
    """Where a corpus keeps its annotations and its frames.

    Args:
        corpus: Name in the names of STM files.
        annotation_file: Path below the root; ``{split}`` stands for the split.
        columns: Column names, separated by ``|``.
        has_header: Whether the first line of the file gives the columns.
        frame_dirs: Pattern of the folders, below the root, that hold all frames at one size.
        published_frame_dir: The one that is taken if there are several.
        frame_pattern: File names of frames where the annotations give none.
        optional_splits: Splits that a distribution may lack.
        split_file: File of ``name|split`` lines where one annotation file covers all splits.
        broken: Sample ids that the published preparation leaves out.
    """

    corpus: str
    annotation_file: str
    columns: str
    frame_dirs: str
    published_frame_dir: str
    has_header: bool = True
    frame_pattern: str = ''
    optional_splits: Tuple[str, ...] = ()
    split_file: Optional[str] = None
    broken: FrozenSet[str] = frozenset()


LAYOUTS: Dict[str, CorpusLayout] = {
    'phoenix2014': CorpusLayout(
        corpus='phoenix2014',
        annotation_file='annotations/manual/{split}.corpus.csv',
        columns='id|folder|signer|annotation',
        frame_dirs='features/fullFrame-*px',
        published_frame_dir='features/fullFrame-210x260px',
        # Row 2390 of the train annotations, whose frames end before the sentence does.
        broken=frozenset(('13April_2011_Wednesday_tagesschau_default-14',)),
    ),
    'phoenix2014-T': CorpusLayout(
        corpus='phoenix2014-T',
        annotation_file='annotations/manual/PHOENIX-2014-T.{split}.corpus.csv',
        columns='name|video|start|end|speaker|orth|translation',
        frame_dirs='features/fullFrame-*px',
        published_frame_dir='features/fullFrame-210x260px',
    ),
    'csl-daily': CorpusLayout(
        corpus='CSL-Daily',
        annotation_file='sentence_label/video_map.txt',
        columns='index|name|length|gloss|char|word|postag',
        frame_dirs='sentence/frames_*',
        published_frame_dir='sentence/frames_512x512',
        frame_pattern='*.jpg',
        split_file='sentence_label/split_1.txt',
    ),
    'csl': CorpusLayout(
        corpus='CSL',
        annotation_file='{split}.txt',
        columns='name|label',
        has_header=False,
        frame_dirs='features/fullFrame-*px',
        published_frame_dir='features/fullFrame-256x256px',
        frame_pattern='*.jpg',
        optional_splits=('test',),
    ),
}


@dataclass(frozen=True)
class Annotation:
    """One line of an annotation file.

    Args:
        sample_id: Name of the clip.
        folder: Frame folder, with a file pattern for the PHOENIX corpora, as annotated.
        signer: Name of the signer, ``'unknown'`` where the corpus does not say.
        label: Glosses separated by spaces, as annotated.
        original_info: The line as the published preparation keeps it.
        num_frames: Number of frames as annotated, None where the corpus does not say.
        where: File and line, for messages.
    """

    sample_id: str
    folder: str
    signer: str
    label: str
    original_info: str
    num_frames: Optional[str]
    where: str


def find_layout(layout: str) -> CorpusLayout:
    """Return the layout of that name.

    Raises:
        ConfigError: If there is none.
    """
    if layout not in LAYOUTS:
        raise ConfigError(f"no corpus layout '{layout}'.{nearest(layout, LAYOUTS)} There are: {', '.join(LAYOUTS)}.")
    return LAYOUTS[layout]


def read_annotations(root: PathLike, layout: str, split: str) -> List[Annotation]:
    """Read the annotations of ``split`` in the order of their file.

    Raises:
        ConfigError: For an unknown layout.
        DataNotFoundError: If there is no annotation file.
        DataError: If a line is malformed or a sample occurs twice; names the file and the line.
    """
    root, spec = Path(root), find_layout(layout)
    path = root / spec.annotation_file.format(split=split)
    wanted = None if spec.split_file is None else _read_split(root / spec.split_file, split)
    annotations: List[Annotation] = []
    seen: Dict[str, str] = {}
    for where, line, fields in _read_table(path, spec.columns, header=spec.has_header):
        annotation = _PARSERS[layout](fields, line, where)
        if not annotation.sample_id or not annotation.folder or not annotation.label.split():
            raise DataError(f"{where}: the sample's name or its glosses are empty, expected {spec.columns}.")
        if annotation.sample_id in seen:
            raise DataError(f"{where}: sample '{annotation.sample_id}' is already in {seen[annotation.sample_id]}.")
        seen[annotation.sample_id] = where
        if annotation.sample_id in spec.broken or (wanted is not None and not wanted(annotation.sample_id)):
            continue
        annotations.append(annotation)
    if not annotations:
        raise DataError(f"'{path}' has no sample of the split '{split}'.")
    return annotations


@dataclass(frozen=True)
class PreparedCorpus:
    """What ``prepare_corpus`` wrote.

    Args:
        layout: Name of the layout.
        out: Folder of the files.
        frame_dir: Folder of the frames, relative to the corpus root.
        num_samples: Samples of each split.
        num_frames: Frames of each split.
        num_glosses: Size of the vocabulary.
    """

    layout: str
    out: Path
    frame_dir: str
    num_samples: Dict[str, int]
    num_frames: Dict[str, int]
    num_glosses: int


def prepare_corpus(
    root: PathLike, layout: str, *, out: Optional[PathLike] = None, frame_dir: Optional[str] = None
) -> PreparedCorpus:
    """Write ``{split}_info.npy``, ``gloss_dict.npy`` and ``{corpus}-groundtruth-{split}.stm``.

    Args:
        root: Root of the corpus.
        layout: One of ``LAYOUTS``.
        out: Where the files go; ``root/preprocess`` by default.
        frame_dir: Folder of the frames relative to the root, if it cannot be told.

    Raises:
        ConfigError: For an unknown layout.
        DataNotFoundError: If annotations or frames are not where the layout has them.
        DataError: If a line is malformed or a clip has no frames; names the file and the line.
        OutputError: If the files cannot be written.

    Source: ``preprocess/dataset_preprocess*.py`` of VIPL-SLP/VAC_CSLR, hulianyuyy/CorrNet and
    kaistmm/SlowFastSign 37d1b6c; entries, ids and lines are the same. ``prefix`` is relative to
    the corpus root, so that a corpus can be moved.
    """
    root, spec = Path(root), find_layout(layout)
    frame_dir = find_frame_dir(root, layout) if frame_dir is None else frame_dir
    infos = {}
    for split in SPLITS:
        if split in spec.optional_splits and not (root / spec.annotation_file.format(split=split)).is_file():
            continue
        infos[split] = build_info(root, layout, split, read_annotations(root, layout, split), frame_dir=frame_dir)
    gloss_dict = build_gloss_dict(infos.values())

    out = root / 'preprocess' if out is None else Path(out)
    for split, info in infos.items():
        write_info(out / f'{split}_info.npy', info)
        write_stm(out / f'{spec.corpus}-groundtruth-{split}.stm', info)
    write_gloss_dict(out / 'gloss_dict.npy', gloss_dict)
    samples = {split: list(_samples(info)) for split, info in infos.items()}
    return PreparedCorpus(
        layout=layout,
        out=out,
        frame_dir=frame_dir,
        num_samples={split: len(entries) for split, entries in samples.items()},
        num_frames={split: sum(int(entry['num_frames']) for entry in entries) for split, entries in samples.items()},
        num_glosses=len(gloss_dict),
    )


def find_frame_dir(root: PathLike, layout: str) -> str:
    """Return the folder below ``root`` that holds the frames, e.g. ``features/fullFrame-210x260px``.

    Raises:
        DataNotFoundError: If there is none.
        DataError: If there are several and none is of the published size.
    """
    root, spec = Path(root), find_layout(layout)
    found = sorted(path.relative_to(root).as_posix() for path in root.glob(spec.frame_dirs) if path.is_dir())
    if spec.published_frame_dir in found:
        return spec.published_frame_dir
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"'{root}' holds frames in {', '.join(found)}: expected one of them. Name it by frame_dir.")
    if layout == 'csl':
        return '.'  # as distributed, the clips lie side by side in the root
    raise DataNotFoundError(
        f"'{root}' has no folder '{spec.frame_dirs}'. Check the corpus root and the layout ({layout})."
    )


def build_info(
    root: PathLike, layout: str, split: str, annotations: Iterable[Annotation], *, frame_dir: str
) -> Dict[Union[int, str], Any]:
    """Count the frames of each sample and return the content of ``{split}_info.npy``.

    Args:
        root: Root of the corpus.
        layout: One of ``LAYOUTS``.
        split: Name of the split.
        annotations: What ``read_annotations`` gave.
        frame_dir: Folder of the frames relative to the root.

    Raises:
        DataNotFoundError: If the folder of a sample does not exist.
        DataError: If no frame in it matches.
    """
    info: Dict[Union[int, str], Any] = {}
    phoenix = layout.startswith('phoenix')
    if phoenix:
        info['prefix'] = frame_dir
    for index, annotation in enumerate(annotations):
        folder, count = _locate_frames(Path(root), layout, split, annotation, frame_dir)
        info[index] = {
            'fileid': annotation.sample_id,
            'folder': f'{split}/{folder}' if phoenix else folder,
            'signer': annotation.signer,
            'label': annotation.label,
            'num_frames': count if annotation.num_frames is None else annotation.num_frames,
            'original_info': annotation.original_info,
        }
    return info


def build_gloss_dict(infos: Iterable[Mapping]) -> Dict[str, List[int]]:
    """Return gloss -> [id, count] over all splits; ids from 1 in the order of code points."""
    counts = Counter(gloss for info in infos for entry in _samples(info) for gloss in entry['label'].split())
    return {gloss: [index, counts[gloss]] for index, gloss in enumerate(sorted(counts), start=1)}


def write_info(path: PathLike, info: Mapping) -> None:
    """Write an info dict as a zero-dimensional object array."""
    _write(Path(path), lambda temporary: save_object(temporary, dict(info)))


def write_gloss_dict(path: PathLike, gloss_dict: Mapping[str, List[int]]) -> None:
    """Write a vocabulary as a zero-dimensional object array."""
    _write(Path(path), lambda temporary: save_object(temporary, dict(gloss_dict)))


def write_stm(path: PathLike, info: Mapping) -> None:
    """Write the references of ``info`` as the STM file that sclite and the scorer read."""
    lines = [f'{entry["fileid"]} 1 {entry["signer"]} 0.0 1.79769e+308 {entry["label"]}\n' for entry in _samples(info)]
    _write(Path(path), lambda temporary: temporary.write_bytes(''.join(lines).encode('utf-8')))


def _samples(info: Mapping) -> Iterable[Dict[str, Any]]:
    return (entry for key, entry in info.items() if isinstance(key, int))


def _write(path: Path, writer: Callable[[Path], Any]) -> None:
    """Let ``writer`` write beside ``path`` and move the result there in one step."""
    temporary = path.with_name(f'.{path.name}.{os.getpid()}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            writer(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"'{path}' cannot be written: {error}.") from error


def _locate_frames(root: Path, layout: str, split: str, annotation: Annotation, frame_dir: str) -> Tuple[str, int]:
    """Return the sample's folder as it is on disk, and the number of its frames."""
    base = root / frame_dir / split if layout.startswith('phoenix') else root / frame_dir
    folders = [annotation.folder]
    if layout == 'phoenix2014-T':
        # The annotations of the release say NAME/1/*.png, its frames lie in NAME; some copies
        # mended the one or the other.
        folders.append(_other_layout(annotation.folder))
    places = []
    for folder in folders:
        place, _, pattern = folder.rpartition('/') if '*' in folder else (folder, '', LAYOUTS[layout].frame_pattern)
        places.append((base / place, pattern))
        count = _count_files(base / place, pattern)
        if count:
            return folder, count
    for place, pattern in places:
        if place.is_dir():
            raise DataError(f"{annotation.where}: '{place}' exists, but no file in it matches '{pattern}'.")
    raise DataNotFoundError(
        f"{annotation.where}: the frame folder '{places[0][0]}' does not exist. Check frame_dir ({frame_dir})."
    )


def _other_layout(folder: str) -> str:
    place, _, pattern = folder.rpartition('/')
    return f'{place[:-2]}/{pattern}' if place.endswith('/1') else f'{place}/1/{pattern}'


def _count_files(folder: Path, pattern: str) -> int:
    if not folder.is_dir():
        return 0
    # As glob does, leave out hidden files.
    return sum(not name.startswith('.') and fnmatchcase(name, pattern) for name in os.listdir(folder))


def _read_table(path: Path, columns: str, *, header: bool) -> Iterable[Tuple[str, str, List[str]]]:
    """Yield file and line number, the line and its fields for each line that is not blank."""
    if not path.is_file():
        raise DataNotFoundError(f"'{path}' does not exist. Check the corpus root and the layout.")
    try:
        # Only \n ends a line: str.splitlines would also split at separators inside a sentence.
        lines = io.StringIO(path.read_bytes().decode('utf-8-sig'), newline='\n').readlines()
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is not UTF-8: {error}.") from error
    if header and (not lines or lines[0].strip() != columns):
        got = lines[0].strip()[:80] if lines else 'an empty file'
        raise DataError(f"'{path}', line 1: got {got!r}, expected the header {columns!r}.")
    count = len(columns.split('|'))
    for number, line in enumerate(lines, start=1):
        if (header and number == 1) or not line.strip():
            continue
        fields = line.rstrip('\r\n').split('|')
        where = f"'{path}', line {number}"
        if len(fields) != count:
            raise DataError(f'{where}: got {len(fields)} fields separated by |, expected {count} ({columns}).')
        yield where, line, fields


def _read_split(path: Path, split: str) -> Callable[[str], bool]:
    """Return whether a sample belongs to ``split`` by the file of ``name|split`` lines."""
    splits: Dict[str, str] = {}
    for where, _, (name, own) in _read_table(path, 'name|split', header=True):
        if own.strip() not in SPLITS:
            raise DataError(f"{where}: got the split '{own.strip()}', expected one of {', '.join(SPLITS)}.")
        splits[name.strip()] = own.strip()
    # As published: a sample that the file leaves out (CSL-Daily has one) belongs to train.
    return lambda sample_id: splits.get(sample_id, 'train') == split


def _parse_phoenix2014(fields: List[str], line: str, where: str) -> Annotation:
    sample_id, folder, signer, label = fields
    _check_pattern(folder, where)
    return Annotation(sample_id, folder, signer, label, line.rstrip('\r\n'), None, where)


def _parse_phoenix2014_t(fields: List[str], line: str, where: str) -> Annotation:
    sample_id, video, _, _, signer, label, _ = fields
    _check_pattern(video, where)
    return Annotation(sample_id, video, signer, label, line.rstrip('\r\n'), None, where)


def _parse_csl_daily(fields: List[str], line: str, where: str) -> Annotation:
    _, name, length, label, _, _, _ = fields
    if not length.isdecimal():
        raise DataError(f"{where}: got the length '{length}', expected a number of frames.")
    # As published: the index is cut off, the line end stays, the number stays a string.
    return Annotation(name, f'{name}/*.jpg', 'unknown', label, line.split('|', 1)[1], length, where)


def _parse_csl(fields: List[str], line: str, where: str) -> Annotation:
    name, label = (field.strip() for field in fields)
    folder = name.rstrip('/').rsplit('/', 1)[-1]
    return Annotation(name, folder, 'unknown', label, line, None, where)


def _check_pattern(folder: str, where: str) -> None:
    if '*' not in folder.rsplit('/', 1)[-1]:
        raise DataError(f"{where}: got the folder '{folder}', expected a file pattern at its end, such as /1/*.png.")


_PARSERS: Dict[str, Callable[[List[str], str, str], Annotation]] = {
    'phoenix2014': _parse_phoenix2014,
    'phoenix2014-T': _parse_phoenix2014_t,
    'csl-daily': _parse_csl_daily,
    'csl': _parse_csl,
}
