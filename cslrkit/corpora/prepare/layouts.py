"""Where each corpus keeps its annotations and its frames."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, FrozenSet, Mapping, Optional, Tuple, Union

from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.registry import nearest

SPLITS = ('train', 'dev', 'test')
PathLike = Union[str, Path]


@dataclass(frozen=True)
class BrokenRow:
    """A row of an annotation file that the published preparation leaves out.

    Args:
        sample_id: Its sample.
        split: Its split.
        row: Its position among the sentences of the published file, from 0.
        of: Number of sentences in the published file.
    """

    sample_id: str
    split: str
    row: int
    of: int


@dataclass(frozen=True)
class CorpusLayout:
    """How a corpus is distributed.

    Args:
        corpus: Name in the names of STM files.
        annotation_file: Path below the root; ``{split}`` stands for the split. A copy that lies
            directly in the root is found as well.
        columns: Column names, separated by ``|``.
        frame_dirs: Pattern of the folders, below the root, that hold all frames at one size.
        published_frame_dir: The one that is taken if there are several.
        resized_frame_dir: Where frames resized to ``{w}`` by ``{h}`` pixels go.
        has_header: Whether the first line of the file gives the columns.
        frame_pattern: File names of frames where the annotations give none.
        by_split: Whether the folder of frames has a folder for each split.
        in_root: Whether the clips may lie side by side in the root.
        optional_splits: Splits that a distribution may lack.
        split_file: File of ``name|split`` lines where one annotation file covers all splits.
        unlisted: Samples that the split file leaves out and the published preparation trains on.
        broken: The row that the published preparation leaves out.
        normalizer: Which ``NORMALIZERS`` class makes the references that the corpus is scored
            against, if they are not the labels themselves.
        published: Number of sentences in each split as published.
    """

    corpus: str
    annotation_file: str
    columns: str
    frame_dirs: str
    published_frame_dir: str
    resized_frame_dir: str = 'features/fullFrame-{w}x{h}px'
    has_header: bool = True
    frame_pattern: str = ''
    by_split: bool = False
    in_root: bool = False
    optional_splits: Tuple[str, ...] = ()
    split_file: Optional[str] = None
    unlisted: FrozenSet[str] = frozenset()
    broken: Optional[BrokenRow] = None
    normalizer: Optional[str] = None
    published: Mapping[str, int] = field(default_factory=dict)


LAYOUTS: Dict[str, CorpusLayout] = {
    'phoenix2014': CorpusLayout(
        corpus='phoenix2014',
        annotation_file='annotations/manual/{split}.corpus.csv',
        columns='id|folder|signer|annotation',
        frame_dirs='features/fullFrame-*px',
        published_frame_dir='features/fullFrame-210x260px',
        by_split=True,
        # Its frames end before the sentence does.
        broken=BrokenRow('13April_2011_Wednesday_tagesschau_default-14', split='train', row=2390, of=5672),
        normalizer='phoenix2014',
        published={'train': 5671, 'dev': 540, 'test': 629},
    ),
    'phoenix2014-T': CorpusLayout(
        corpus='phoenix2014-T',
        annotation_file='annotations/manual/PHOENIX-2014-T.{split}.corpus.csv',
        columns='name|video|start|end|speaker|orth|translation',
        frame_dirs='features/fullFrame-*px',
        published_frame_dir='features/fullFrame-210x260px',
        by_split=True,
        published={'train': 7096, 'dev': 519, 'test': 642},
    ),
    'csl': CorpusLayout(
        corpus='CSL',
        annotation_file='{split}.txt',
        columns='name|label',
        has_header=False,
        frame_dirs='features/fullFrame-*px',
        published_frame_dir='features/fullFrame-256x256px',
        frame_pattern='*.jpg',
        in_root=True,
        optional_splits=('test',),
        published={'train': 20000, 'dev': 5000},
    ),
    'csl-daily': CorpusLayout(
        corpus='CSL-Daily',
        annotation_file='sentence_label/video_map.txt',
        columns='index|name|length|gloss|char|word|postag',
        frame_dirs='sentence/frames_*x*',
        published_frame_dir='sentence/frames_512x512',
        resized_frame_dir='sentence/frames_{w}x{h}',
        frame_pattern='*.jpg',
        in_root=True,
        split_file='sentence_label/split_1.txt',
        unlisted=frozenset(('S000007_P0003_T00',)),
        published={'dev': 1077, 'test': 1176},
    ),
}


def find_layout(layout: str) -> CorpusLayout:
    """Return the layout of that name.

    Raises:
        ConfigError: If there is none.
    """
    if layout not in LAYOUTS:
        raise ConfigError(f"no corpus layout '{layout}'.{nearest(layout, LAYOUTS)} There are: {', '.join(LAYOUTS)}.")
    return LAYOUTS[layout]


def find_annotation_file(root: PathLike, name: str) -> Path:
    """Return the annotation file ``name`` below ``root``, or the copy of it directly in ``root``.

    Raises:
        DataNotFoundError: If there is none; names a folder below ``root`` that has it.
    """
    root = Path(root)
    candidates = [root / name, root / Path(name).name]
    for path in candidates:
        if path.is_file():
            return path
    nested = sorted({*root.glob(f'*/{name}'), *root.glob(f'*/*/{name}')}) if root.is_dir() else []
    if nested:
        inner = nested[0].as_posix()[: -len(name) - 1]
        raise DataNotFoundError(f"'{candidates[0]}' does not exist, but it does below '{inner}': that is the root.")
    state = 'Check the corpus root and the layout.' if root.is_dir() else f"The corpus root '{root}' is no folder."
    raise DataNotFoundError(f"'{candidates[0]}' does not exist. {state}")


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
    if spec.in_root and root.is_dir():
        return '.'
    raise DataNotFoundError(
        f"'{root}' has no folder '{spec.frame_dirs}'. Check the corpus root and the layout ({layout})."
    )


def check_frame_dir(root: PathLike, frame_dir: str) -> str:
    """Return ``frame_dir`` if it is a folder below ``root``.

    Raises:
        DataNotFoundError: If it is not.
    """
    if not os.path.isdir(os.path.join(root, frame_dir)):
        raise DataNotFoundError(f"frame_dir: '{frame_dir}' is not a folder below '{root}'. Check its name.")
    return frame_dir
