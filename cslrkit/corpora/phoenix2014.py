"""RWTH-PHOENIX-Weather 2014."""

import datetime
from dataclasses import replace
from typing import Dict, List, Sequence, Tuple

from cslrkit.corpora.base import SPLITS, Annotation, Corpus, DrawnClip
from cslrkit.corpora.synthsign.randomness import stream
from cslrkit.corpora.tables import PathLike
from cslrkit.errors import DataError
from cslrkit.registry import CORPORA

# The published preparation leaves out this row of the training sentences: its frames end before the sentence does.
_BROKEN, _BROKEN_ROW, _ROWS = '13April_2011_Wednesday_tagesschau_default-14', 2390, 5672

# Of drawn clips:
_MONTHS = (
    *('January', 'February', 'March', 'April', 'May', 'June'),
    *('July', 'August', 'September', 'October', 'November', 'December'),
)
_WEEKDAYS = ('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday')
_FIRST_DAY, _DAYS = datetime.date(2009, 7, 1), 1500
_BROADCAST = 7  # clips of one signer that come from one broadcast


class PhoenixFrames(Corpus):
    """What the corpora of weather forecasts have in common: where their frames lie, and how fast they follow."""

    features_dir = 'features'
    frame_dir = 'features/fullFrame-{w}x{h}px'
    frame_size = (210, 260)
    read_size = (256, 256)
    frame_pattern = '*.png'
    by_split = True
    frame_rate = 25.0


@CORPORA.register_module(name='phoenix2014')
class Phoenix2014(PhoenixFrames):
    """RWTH-PHOENIX-Weather 2014 (multi-signer): German weather forecasts.

    The root is the folder ``phoenix-2014-multisigner``. Frames are distributed in ``fullFrame-210x260px``; the
    published preparation writes ``fullFrame-256x256px``, which datasets read. Row 2390 (from 0) of the 5672 training
    rows is left out, as published.

    Source: Koller et al., Continuous sign language recognition, CVIU 2015; files of kaistmm/SlowFastSign 37d1b6c.
    """

    annotation_file = 'annotations/manual/{split}.corpus.csv'
    columns = 'id|folder|signer|annotation'
    normalizer = 'phoenix2014'
    published = {'train': 5671, 'dev': 540, 'test': 629}

    def parse(self, row: Dict[str, str], line: str) -> Annotation:
        """Read ``NAME|NAME/1/*.png|SIGNER|GLOSSES``."""
        return Annotation(row['id'], with_pattern(row['folder']), row['annotation'], row['signer'])

    def read(self, root: PathLike, split: str) -> List[Annotation]:
        """Read a split, without the broken row."""
        annotations = super().read(root, split)
        if self.published.get(split) != _ROWS - 1:
            return annotations
        rest = [annotation for annotation in annotations if annotation.sample_id != _BROKEN]
        if len(rest) == _ROWS:  # published code goes by the position alone
            del rest[_BROKEN_ROW]
        return rest

    def row(self, clip: DrawnClip) -> Dict[str, str]:
        """Return what :meth:`parse` reads."""
        folder = f'{clip.sample_id}/1/*.png'
        return dict(id=clip.sample_id, folder=folder, signer=clip.signer_name, annotation=' '.join(clip.words))

    def name_clips(self, clips: Sequence[DrawnClip], seed: int) -> List[DrawnClip]:
        """Name clips by their broadcasts: ``01April_2010_Thursday_heute_default-3``."""
        broadcasts = name_broadcasts(clips, seed)
        return [replace(clip, sample_id=f'{broadcast}_default-{rank}') for clip, broadcast, rank in broadcasts]

    def clip_folder(self, clip: DrawnClip) -> str:
        """``train/NAME/1``."""
        return f'{super().clip_folder(clip)}/1'

    def frame_name(self, clip: DrawnClip, index: int) -> str:
        """``BROADCAST.avi_pid0_fn000000-0.png``."""
        return f'{clip.sample_id.rsplit("_default-", 1)[0]}.avi_pid0_fn{index:06d}-0.png'


def with_pattern(folder: str) -> str:
    """Return a frame folder that has the pattern of its files at its end.

    Raises:
        DataError: If it has none.
    """
    if '*' not in folder.rpartition('/')[2]:
        raise DataError(f"got the folder '{folder}', expected a file pattern at its end, such as /1/*.png.")
    return folder


def name_broadcasts(clips: Sequence[DrawnClip], seed: int) -> List[Tuple[DrawnClip, str, int]]:
    """Give each clip a broadcast, such as ``01April_2010_Thursday_heute``, and its number in it, sorted by them."""
    days = stream(seed, 'dates').permutation(_DAYS)
    broadcasts: Dict[Tuple[str, int, int], int] = {}
    signed: Dict[Tuple[str, int], int] = {}
    named = []
    for clip in clips:
        rank = signed.get((clip.split, clip.signer), 0)
        signed[clip.split, clip.signer] = rank + 1
        broadcast = broadcasts.setdefault((clip.split, clip.signer, rank // _BROADCAST), len(broadcasts))
        day = _FIRST_DAY + datetime.timedelta(days=int(days[broadcast]))
        date = f'{day.day:02d}{_MONTHS[day.month - 1]}_{day.year}_{_WEEKDAYS[day.weekday()]}'
        programme = ('heute', 'tagesschau')[int(days[broadcast]) % 2]
        named.append((clip, f'{date}_{programme}', rank % _BROADCAST))
    return sorted(named, key=lambda item: (SPLITS.index(item[0].split), *item[1:]))
