"""What a corpus is: one class says all that preparing, packing, training, testing and drawing need to know of it."""

import os
import posixpath
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from cslrkit.corpora.tables import PathLike, check_folder, check_names, find_annotation_file, read_table
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.registry import CORPORA

SPLITS = ('train', 'dev', 'test')
Size = Tuple[int, int]  # width, height in pixels


@dataclass(frozen=True)
class Annotation:
    """A sentence, as an annotation file has it.

    Args:
        sample_id: Name of the clip, a word.
        folder: Its frames below the folder of all frames: a pattern such as ``NAME/1/*.png``, or a folder. In a
            corpus of recordings the path of a video file or of a folder of images, below the root or absolute.
        label: Glosses between spaces.
        signer: A word; ``'unknown'`` where the corpus does not say.
        original_info: What of the line the info file keeps; the whole line by default.
        num_frames: Number of frames as annotated; None where the corpus does not say.
        split: One of ``SPLITS``, where one file annotates several.
        frame_rate: Frames per second, where the corpus says it for each sentence.
        start: Second of a recording at which the sentence begins; None for its beginning.
        end: Second of a recording at which the sentence ends; None for its end.
        where: File and line, for messages; the reader adds it.
    """

    sample_id: str
    folder: str
    label: str
    signer: str = 'unknown'
    original_info: str = ''
    num_frames: Optional[str] = None
    split: Optional[str] = None
    frame_rate: Optional[float] = None
    start: Optional[float] = None
    end: Optional[float] = None
    where: str = ''


@dataclass(frozen=True)
class DrawnClip:
    """A clip that is drawn, for the methods that name and annotate it."""

    split: str  # one of SPLITS
    index: int = 0  # position in the split
    glosses: Tuple[str, ...] = ()  # what is signed, as the lexicon of the drawn corpora names it
    words: Tuple[str, ...] = ()  # the same as the corpus writes it
    signer: int = 0  # index of the signer
    signer_name: str = ''  # such as 'Signer01'
    sample_id: str = ''  # name in the annotations, by Corpus.name_clips
    number: int = 0  # position among all clips in the order of Corpus.name_clips
    num_frames: int = 0


class Corpus:
    """A corpus. A child class, registered in CORPORA, says by its attributes and two methods how it is distributed.

    Its sentences are those of ``train``, ``dev`` and ``test``; another name is translated by :meth:`parse`.
    docs/add_a_corpus.md writes one from nothing.
    """

    annotation_file = '{split}.csv'  #: path below the root, or directly in it; {split} where each split has a file
    columns = ''  #: names of its columns between delimiters, as its first line has them
    delimiter = '|'  #: what is between two fields
    has_header = True  #: whether the first line gives the columns
    frame_dir = 'frames'  #: folder of all frames below the root; {w} and {h} in it are their size
    frame_size: Optional[Size] = None  #: width and height of the frames as distributed, for that folder's name
    read_size: Optional[Size] = None  #: width and height of the frames that datasets read by default
    features_dir = ''  #: what comes between data_root and the frame_subdir of a dataset
    frame_pattern = '*'  #: file names of frames where the annotation gives only a folder
    by_split = False  #: whether the folder of all frames has a folder for each split
    in_root = False  #: whether the clips may also lie side by side in the root
    recordings = False  #: whether annotations name video files or folders of images, which are brought to frames
    optional_splits: Tuple[str, ...] = ()  #: splits that a distribution may lack
    frame_rate: Optional[float] = None  #: frames per second, if they are known
    published: Mapping[str, int] = {}  #: number of sentences in each split as published
    published_name = ''  #: name in the names of STM files, where that is not the registered one
    normalizer: Optional[str] = None  #: the NORMALIZERS class that makes the references, if labels are not scored raw
    load_frames: Mapping[str, Any] = {}  #: arguments of LoadFrames that the published numbers need
    chinese = False  #: whether drawn glosses are written in Chinese

    def __init__(self) -> None:
        """Take no arguments; a child class may have some."""

    @property
    def name(self) -> str:
        """The name that it is registered by."""
        return next((name for name, cls in CORPORA.module_dict.items() if cls is type(self)), type(self).__name__)

    def __str__(self) -> str:
        return self.name

    # --- annotations ----------------------------------------------------------------------------

    def parse(self, row: Dict[str, str], line: str) -> Annotation:
        """Turn a line of the annotation file into an annotation.

        Args:
            row: Column -> field.
            line: The line itself, with its end.

        Raises:
            DataError: If a field is malformed; the reader adds the file and the line.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method 'parse', which reads a line of annotation.")

    def read(self, root: PathLike, split: str) -> List[Annotation]:
        """Read the annotations of ``split`` in the order of their file.

        A corpus with one file for all splits may give none for a split; any other file must hold a sentence.

        Raises:
            DataNotFoundError: If there is no annotation file.
            DataError: If a line is malformed or a sample occurs twice; names the file and the line.
        """
        annotations = self.read_file(self.find_file(root, split))
        if '{split}' in self.annotation_file:
            return [replace(annotation, split=split) for annotation in annotations]
        for annotation in annotations:
            if annotation.split not in SPLITS:
                got = f"{annotation.where}: got the split '{annotation.split}'"
                raise DataError(f'{got}, expected one of {", ".join(SPLITS)}.')
        return [annotation for annotation in annotations if annotation.split == split]

    def find_file(self, root: PathLike, split: str) -> Path:
        """Return the annotation file; a DataNotFoundError if there is none."""
        return find_annotation_file(root, self.annotation_file.format(split=split))

    def read_file(self, path: Path) -> List[Annotation]:
        """Read all annotations of a file; raises as :meth:`read`."""
        annotations: Dict[str, Annotation] = {}
        for found in self.read_rows(path):
            check_names(found.sample_id, found.signer, found.label, where=found.where)
            if not self.recordings:
                check_folder(self.pattern(found.folder), where=found.where)
            # Folders of recordings are named after ids; some file systems do not tell upper from lower case.
            name = found.sample_id.casefold() if self.recordings else found.sample_id
            first = annotations.setdefault(name, found)
            if first is not found:
                raise DataError(f"{found.where}: sample '{found.sample_id}' is already in {first.where}.")
        if not annotations:
            raise DataError(f"'{path}' has no sample.")
        return list(annotations.values())

    def read_rows(self, path: Path) -> Iterator[Annotation]:
        """Yield what :meth:`parse` makes of each line of a file."""
        for where, line, row in read_table(path, self.columns, delimiter=self.delimiter, header=self.has_header):
            try:
                found = self.parse(row, line)
            except DataError as error:
                raise DataError(f'{where}: {error}') from error
            yield replace(found, where=where, original_info=found.original_info or line.rstrip('\n'))

    def notes(self, root: PathLike, sample_ids: Sequence[str]) -> List[str]:
        """What else a reader of the corpus should know of its files, a sentence each."""
        return []

    # --- frames ---------------------------------------------------------------------------------

    def folders(self, annotation: Annotation) -> List[str]:
        """Where the frames of a sentence may be, as annotated and otherwise; the first that has some is taken."""
        return [annotation.folder]

    def pattern(self, folder: str) -> str:
        """Turn an annotation's folder into a glob pattern relative to the folder of all frames."""
        return folder if '*' in posixpath.basename(folder) else posixpath.join(folder, self.frame_pattern)

    def frames_at(self, size: Size) -> str:
        """Folder, below the root, of all frames resized to ``size``."""
        template = self.frame_dir if '{w}' in self.frame_dir else f'{self.frame_dir}-{{w}}x{{h}}px'
        return template.format(w=size[0], h=size[1])

    def distributed_frames(self, size: Optional[Size] = None) -> str:
        """Folder, below the root, of all frames as they are distributed; ``size`` stands for ``frame_size``."""
        width, height = size or self.frame_size or ('*', '*')
        return self.frame_dir.format(w=width, h=height)

    @property
    def frame_subdir(self) -> str:
        """What a dataset reads, below ``features_dir``, unless its config names another folder."""
        if self.recordings:
            return ''  # the entries lead from the root
        folder = self.distributed_frames() if self.read_size is None else self.frames_at(self.read_size)
        return posixpath.relpath(folder, self.features_dir or '.')

    def frame_root(self, data_root: str, frame_subdir: Optional[str] = None) -> str:
        """Folder of all frames that a dataset reads."""
        subdir = self.frame_subdir if frame_subdir is None else frame_subdir
        return os.path.normpath(os.path.join(data_root, self.features_dir, subdir))

    def find_frame_dir(self, root: PathLike) -> str:
        """Return the folder below ``root`` that holds the frames, e.g. ``features/fullFrame-210x260px``.

        Raises:
            DataNotFoundError: If there is none.
            DataError: If there are several and none is of the size as distributed.
        """
        root, pattern = Path(root), self.frame_dir.format(w='*', h='*')
        found = sorted(path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_dir())
        if self.distributed_frames() in found:
            return self.distributed_frames()
        if len(found) == 1:
            return found[0]
        if found:
            raise DataError(f"'{root}' holds frames in {', '.join(found)}: expected one of them. Name it by frame_dir.")
        if self.in_root and root.is_dir():
            return '.'
        raise DataNotFoundError(f"'{root}' has no folder '{pattern}'. Check the root and the name of the corpus.")

    # --- drawing --------------------------------------------------------------------------------

    def row(self, clip: DrawnClip) -> Dict[str, str]:
        """Return the line that annotates a drawn clip, column -> field: what :meth:`parse` reads.

        Raises:
            ConfigError: If the corpus cannot be drawn.
        """
        raise ConfigError(f"the corpus '{self}' cannot be drawn: {type(self).__name__} has no method 'row'.")

    def name_clips(self, clips: Sequence[DrawnClip], seed: int) -> List[DrawnClip]:
        """Give drawn clips their ``sample_id`` and the order of the annotation file."""
        return [replace(clip, sample_id=f'{clip.split}-{clip.index:04d}') for clip in clips]

    def clip_folder(self, clip: DrawnClip) -> str:
        """Folder of a clip's frames, relative to the folder of all frames."""
        return f'{clip.split}/{clip.sample_id}' if self.by_split else clip.sample_id

    def frame_name(self, clip: DrawnClip, index: int) -> str:
        """File name of frame ``index`` of a drawn clip."""
        return f'{index:06d}{posixpath.splitext(self.frame_pattern)[1] or ".png"}'

    def annotate(self, clips: Sequence[DrawnClip]) -> Dict[str, str]:
        """Return the annotation files of drawn clips: path below the root -> text."""
        header = f'{self.columns}\n' if self.has_header else ''
        files = {self.annotation_file.format(split=split): header for split in SPLITS}
        for clip in clips:
            row = self.row(clip)
            line = self.delimiter.join(row[column] for column in self.columns.split(self.delimiter))
            files[self.annotation_file.format(split=clip.split)] += f'{line}\n'
        return files


def find_corpus(corpus: Union[str, Mapping[str, Any], Corpus]) -> Corpus:
    """Return the corpus of a name, of a dict with ``type`` and the arguments of its class, or itself.

    Raises:
        ConfigError: If none is registered by that name; the message gives the nearest ones.
    """
    if isinstance(corpus, Corpus):
        return corpus
    return CORPORA.build(dict(type=CORPORA.lookup(corpus)) if isinstance(corpus, str) else corpus)
