"""Read the annotation files of the corpora."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Tuple

from cslrkit.corpora.prepare.layouts import SPLITS, CorpusLayout, PathLike, find_annotation_file, find_layout
from cslrkit.errors import DataError

_CONTROL = re.compile(r'[\x00-\x1f\x7f]')
_STM_CATEGORY = re.compile(r'\s*<\S*>(?:\s|\Z)')


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


def read_annotations(root: PathLike, layout: str, split: str) -> List[Annotation]:
    """Read the annotations of ``split`` in the order of their file.

    The broken row of PHOENIX 2014 is left out. A corpus whose splits are in a file of their own may
    give none for a split; any other file must hold a sentence.

    Raises:
        ConfigError: For an unknown layout.
        DataNotFoundError: If there is no annotation file.
        DataError: If a line is malformed or a sample occurs twice; names the file and the line.
    """
    spec = find_layout(layout)
    path = find_annotation_file(root, spec.annotation_file.format(split=split))
    annotations: List[Annotation] = []
    seen: Dict[str, str] = {}
    for where, line, fields in _read_table(path, spec.columns, header=spec.has_header):
        annotation = _PARSERS[layout](fields, line, where)
        check_names(annotation.sample_id, annotation.signer, annotation.label, where=where)
        if annotation.sample_id in seen:
            raise DataError(f"{where}: sample '{annotation.sample_id}' is already in {seen[annotation.sample_id]}.")
        seen[annotation.sample_id] = where
        annotations.append(annotation)
    annotations = _without_broken_row(annotations, spec, split)
    if not annotations:
        raise DataError(f"'{path}' has no sample of the split '{split}'.")
    if spec.split_file is None:
        return annotations
    splits = read_split_file(root, layout)
    _check_listed(annotations, splits, spec, path)
    # As published: the clip that the split file leaves out belongs to train.
    return [annotation for annotation in annotations if splits.get(annotation.sample_id, 'train') == split]


def read_split_file(root: PathLike, layout: str) -> Dict[str, str]:
    """Return sample -> split from the file of ``name|split`` lines; empty for a corpus without one.

    Raises:
        DataNotFoundError: If the layout has such a file and it does not exist.
        DataError: If a line is malformed, or a sample is in two splits.
    """
    spec = find_layout(layout)
    if spec.split_file is None:
        return {}
    splits: Dict[str, str] = {}
    for where, _, fields in _read_table(find_annotation_file(root, spec.split_file), 'name|split', header=True):
        name, split = (field.strip() for field in fields)
        if split not in SPLITS:
            raise DataError(f"{where}: got the split '{split}', expected one of {', '.join(SPLITS)}.")
        if splits.setdefault(name, split) != split:
            raise DataError(f"{where}: sample '{name}' is already in the split '{splits[name]}', got '{split}'.")
    return splits


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, without a byte order mark.

    Raises:
        DataError: If it cannot be read or is in another encoding.
    """
    try:
        return path.read_bytes().decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is not UTF-8: {error}. Save it as UTF-8.") from error
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error}.") from error


def check_names(sample_id: str, signer: str, label: str, *, where: str) -> None:
    """Check that a sentence can be written as a line of an STM file and read back.

    Raises:
        DataError: If it cannot.
    """
    for what, text in (('name', sample_id), ('signer', signer)):
        if not text:
            raise DataError(f"{where}: the sample's {what} is empty, expected a word.")
        if text.split() != [text] or _CONTROL.search(text):
            raise DataError(f'{where}: got the {what} {text!r}, expected a word without white space in it.')
    if sample_id.startswith(';;'):
        raise DataError(f"{where}: got the name '{sample_id}', but lines that begin with ;; are comments in STM files.")
    if _CONTROL.search(label):
        raise DataError(f'{where}: got the glosses {label[:80]!r}, which hold a control character.')
    if _STM_CATEGORY.match(label):
        raise DataError(f"{where}: got the glosses '{label[:80]}': in an STM file a first word in <> is a category.")


def _check_listed(annotations: List[Annotation], splits: Dict[str, str], spec: CorpusLayout, path: Path) -> None:
    """A split file cut short must not turn test sentences into training sentences."""
    unlisted = [a.sample_id for a in annotations if a.sample_id not in splits and a.sample_id not in spec.unlisted]
    if unlisted:
        raise DataError(
            f"'{path}': {len(unlisted)} samples are in no split of '{spec.split_file}', such as '{unlisted[0]}'. "
            'Is that file complete?'
        )


def _without_broken_row(annotations: List[Annotation], spec: CorpusLayout, split: str) -> List[Annotation]:
    if spec.broken is None or spec.broken.split != split:
        return annotations
    rest = [annotation for annotation in annotations if annotation.sample_id != spec.broken.sample_id]
    if len(rest) == spec.broken.of:  # published code goes by the position alone
        del rest[spec.broken.row]
    return rest


def _read_table(path: Path, columns: str, *, header: bool) -> Iterator[Tuple[str, str, List[str]]]:
    """Yield file and line number, the line and its fields for each line that is not blank."""
    text = read_text(path)
    # Only \n ends a line: str.splitlines would also split at separators inside a sentence.
    lines = io.StringIO(text.replace('\r\n', '\n'), newline='\n').readlines()
    if header and (not lines or lines[0].strip() != columns):
        got = repr(lines[0].strip()[:80]) if lines else 'an empty file'
        raise DataError(f"'{path}', line 1: got {got}, expected the header {columns!r}.")
    count = len(columns.split('|'))
    for number, line in enumerate(lines, start=1):
        if (header and number == 1) or not line.strip():
            continue
        fields = line.rstrip('\n').split('|')
        where = f"'{path}', line {number}"
        if len(fields) != count:
            raise DataError(f'{where}: got {len(fields)} fields separated by |, expected {count} ({columns}).')
        yield where, line, fields


def _parse_phoenix2014(fields: List[str], line: str, where: str) -> Annotation:
    sample_id, folder, signer, label = fields
    _check_folder(folder, where)
    return Annotation(sample_id, folder, signer, label, line.rstrip('\n'), None, where)


def _parse_phoenix2014_t(fields: List[str], line: str, where: str) -> Annotation:
    sample_id, video, _, _, signer, label, _ = fields
    _check_folder(video, where)
    return Annotation(sample_id, video, signer, label, line.rstrip('\n'), None, where)


def _parse_csl_daily(fields: List[str], line: str, where: str) -> Annotation:
    _, name, length, label, _, _, _ = fields
    if not (length.isascii() and length.isdecimal()):
        raise DataError(f"{where}: got the length '{length}', expected a number of frames.")
    folder = f'{name}/*.jpg'
    _check_folder(folder, where)
    # As published: the index is cut off, the line end stays, the number stays a string.
    return Annotation(name, folder, 'unknown', label, line.split('|', 1)[1], length, where)


def _parse_csl(fields: List[str], line: str, where: str) -> Annotation:
    name, label = (field.strip() for field in fields)
    folder = name.rstrip('/').rsplit('/', 1)[-1]
    _check_folder(f'{folder}/*', where)
    return Annotation(name, folder, 'unknown', label, line, None, where)


def _check_folder(folder: str, where: str) -> None:
    """Check a frame pattern such as ``NAME/1/*.png``, below the folder of all frames."""
    place, _, name = folder.rpartition('/')
    if '*' not in name:
        raise DataError(f"{where}: got the folder '{folder}', expected a file pattern at its end, such as /1/*.png.")
    if not all(part not in ('', '.', '..') for part in place.split('/')) or _CONTROL.search(folder):
        raise DataError(f'{where}: got the folder {folder!r}, expected a folder below that of the split.')


_PARSERS: Dict[str, Callable[[List[str], str, str], Annotation]] = {
    'phoenix2014': _parse_phoenix2014,
    'phoenix2014-T': _parse_phoenix2014_t,
    'csl': _parse_csl,
    'csl-daily': _parse_csl_daily,
}
