"""CSL-Daily."""

import posixpath
from dataclasses import replace
from typing import Dict, List, Sequence, Tuple

from cslrkit.corpora.base import SPLITS, Annotation, Corpus, DrawnClip
from cslrkit.corpora.synthsign.vocabulary import CATEGORY, POSTAGS
from cslrkit.corpora.tables import PathLike, find_annotation_file, read_table
from cslrkit.errors import DataError
from cslrkit.registry import CORPORA
from cslrkit.utils.messages import plural

_SPLIT_FILE = 'sentence_label/split_1.txt'
_SPLIT_COLUMNS = 'name|split'
_UNLISTED = 'S000007_P0003_T00'  # the split file leaves it out, and the published preparation trains on it


@CORPORA.register_module(name='csl-daily')
class CSLDaily(Corpus):
    """CSL-Daily: Chinese sentences of daily life.

    Datasets read frames from the root itself; in the published folders, ``frame_subdir`` is
    ``'sentence/frames_512x512'``. The published feeder cuts off the top 40 rows and resizes when it reads, and never
    read the last entry; ``drop_last_entry=True`` of a dataset does the same.

    Source: Zhou et al., Improving sign language translation with monolingual data by sign back-translation, CVPR
    2021; files of kaistmm/SlowFastSign 37d1b6c.
    """

    annotation_file = 'sentence_label/video_map.txt'
    columns = 'index|name|length|gloss|char|word|postag'
    frame_dir = 'sentence/frames_{w}x{h}'
    frame_size = (512, 512)
    frame_subdir = ''
    frame_pattern = '*.jpg'
    in_root = True
    published = {'dev': 1077, 'test': 1176}
    published_name = 'CSL-Daily'
    load_frames = dict(crop_top=40, resize=(256, 256))
    chinese = True

    def parse(self, row: Dict[str, str], line: str) -> Annotation:
        """Read ``INDEX|NAME|LENGTH|GLOSSES|...``; as published, the index is cut off and the length stays a string."""
        length = row['length']
        if not (length.isascii() and length.isdecimal()):
            raise DataError(f"got the length '{length}', expected a number of frames.")
        info = line.split('|', 1)[1]
        return Annotation(row['name'], f'{row["name"]}/*.jpg', row['gloss'], original_info=info, num_frames=length)

    def read(self, root: PathLike, split: str) -> List[Annotation]:
        """Read a split as the split file has it; one cut short must not turn test sentences into training ones."""
        path = find_annotation_file(root, self.annotation_file)
        annotations, splits = self.read_file(path), _read_splits(root)
        unlisted = [a.sample_id for a in annotations if a.sample_id not in splits and a.sample_id != _UNLISTED]
        if unlisted:
            raise DataError(
                f"'{path}': {len(unlisted)} samples are in no split of '{_SPLIT_FILE}', such as '{unlisted[0]}'. "
                'Is that file complete?'
            )
        return [replace(own, split=split) for own in annotations if splits.get(own.sample_id, 'train') == split]

    def notes(self, root: PathLike, sample_ids: Sequence[str]) -> List[str]:
        """Name what the split file has and the annotation file lacks."""
        known = set(sample_ids)
        lost = [name for name in _read_splits(root) if name not in known]
        if not lost:
            return []
        return [
            f'{plural(len(lost), "sample")} of {_SPLIT_FILE} not in {self.annotation_file}: {", ".join(lost[:3])}, ...'
        ]

    def pattern(self, folder: str) -> str:
        """Take images of any suffix from a folder that is annotated without a pattern."""
        return folder if '*' in posixpath.basename(folder) else posixpath.join(folder, '*')

    def row(self, clip: DrawnClip) -> Dict[str, str]:
        """Return what :meth:`parse` reads."""
        words = ' '.join(clip.words)
        tags = ' '.join(POSTAGS[CATEGORY[gloss]] for gloss in clip.glosses)
        numbers = dict(index=str(clip.number), length=str(clip.num_frames))
        text = dict(char=f'{" ".join("".join(clip.words))} 。', word=f'{words} 。', postag=f'{tags} w')
        return dict(name=clip.sample_id, gloss=words, **numbers, **text)

    def annotate(self, clips: Sequence[DrawnClip]) -> Dict[str, str]:
        """Return the annotation file and the split file."""
        splits = ''.join(f'{clip.sample_id}|{clip.split}\n' for clip in clips)
        return {**super().annotate(clips), _SPLIT_FILE: f'{_SPLIT_COLUMNS}\n{splits}'}

    def name_clips(self, clips: Sequence[DrawnClip], seed: int) -> List[DrawnClip]:
        """Name clips by sentence, person and take: ``S000003_P0001_T00``."""
        sentences: Dict[Tuple[str, ...], int] = {}
        takes: Dict[Tuple[int, int], int] = {}
        named = []
        for clip in clips:
            sentence = sentences.setdefault(clip.glosses, len(sentences))
            take = takes.get((sentence, clip.signer), 0)
            takes[sentence, clip.signer] = take + 1
            named.append(replace(clip, sample_id=f'S{sentence:06d}_P{clip.signer:04d}_T{take:02d}'))
        return sorted(named, key=lambda clip: clip.sample_id)


def _read_splits(root: PathLike) -> Dict[str, str]:
    """Return sample -> split."""
    splits: Dict[str, str] = {}
    for where, _, row in read_table(
        find_annotation_file(root, _SPLIT_FILE), _SPLIT_COLUMNS, delimiter='|', header=True
    ):
        name, split = row['name'].strip(), row['split'].strip()
        if split not in SPLITS:
            raise DataError(f"{where}: got the split '{split}', expected one of {', '.join(SPLITS)}.")
        if splits.setdefault(name, split) != split:
            raise DataError(f"{where}: sample '{name}' is already in the split '{splits[name]}', got '{split}'.")
    return splits
