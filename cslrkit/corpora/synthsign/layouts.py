"""Names of files, and annotation files, of the four real corpora."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Sequence, Tuple

from cslrkit.corpora.synthsign.randomness import stream
from cslrkit.corpora.synthsign.spec import SPLITS
from cslrkit.corpora.synthsign.vocabulary import CATEGORY, CHINESE, POSTAGS

_MONTHS = (
    *('January', 'February', 'March', 'April', 'May', 'June'),
    *('July', 'August', 'September', 'October', 'November', 'December'),
)
_WEEKDAYS = ('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday')
_FIRST_DAY, _DAYS = datetime.date(2009, 7, 1), 1500
_BROADCAST = 7  # clips of one signer that come from one broadcast


@dataclass(frozen=True)
class Clip:
    """One clip of a corpus, before it has a name.

    Args:
        split: train, dev or test.
        index: Position in the split, from 0.
        glosses: What is signed.
        signer: Index of the signer, from 0.
    """

    split: str
    index: int
    glosses: Tuple[str, ...]
    signer: int


@dataclass(frozen=True)
class NamedClip:
    """A clip with the names that a layout gives it.

    Args:
        clip: The clip.
        sample_id: Name in the annotations.
        folder: Folder of its frames, relative to the folder of all frames.
        number: Running number in the corpus, from 0.
    """

    clip: Clip
    sample_id: str
    folder: str
    number: int


@dataclass(frozen=True)
class LayoutWriter:
    """How a layout names and annotates what is drawn.

    Args:
        frame_dir: Folder of all frames below the root; ``{w}`` and ``{h}`` are the frame size.
        frame_name: File name of a frame, from the clip and the index of the frame, from 0.
        name_clips: Gives the clips their names.
        annotations: Content of the annotation files by path, from the clips, the frames of each
            and the names of the signers.
        unused_rows: Rows at the top of a frame that readers of the corpus cut off.
        chinese: Whether glosses are written in Chinese.
    """

    frame_dir: str
    frame_name: Callable[[NamedClip, int], str]
    name_clips: Callable[[Sequence[Clip], int], List[NamedClip]]
    annotations: Callable[[Sequence[NamedClip], Sequence[int], Sequence[str]], Dict[str, str]]
    unused_rows: int = 0
    chinese: bool = False

    def write_annotations(
        self, root: Path, clips: Sequence[NamedClip], lengths: Sequence[int], signers: Sequence[str]
    ) -> None:
        """Write the annotation files below ``root``."""
        for name, content in self.annotations(clips, lengths, signers).items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode('utf-8'))


def spoken(glosses: Sequence[str], *, chinese: bool) -> List[str]:
    """Return the glosses in the language of the layout."""
    return [CHINESE[gloss] for gloss in glosses] if chinese else list(glosses)


def _name_broadcasts(clips: Sequence[Clip], seed: int) -> List[Tuple[Clip, str, str, int]]:
    """Give each clip a date, a programme and its number in the broadcast, sorted as the corpora are."""
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
        named.append((clip, date, ('heute', 'tagesschau')[int(days[broadcast]) % 2], rank % _BROADCAST))
    return sorted(named, key=lambda item: (SPLITS.index(item[0].split), item[1:]))


def _name_phoenix2014(clips: Sequence[Clip], seed: int) -> List[NamedClip]:
    named = []
    for number, (clip, date, programme, rank) in enumerate(_name_broadcasts(clips, seed)):
        sample_id = f'{date}_{programme}_default-{rank}'
        named.append(NamedClip(clip, sample_id, f'{clip.split}/{sample_id}/1', number))
    return named


def _name_phoenix2014_t(clips: Sequence[Clip], seed: int) -> List[NamedClip]:
    named = []
    for number, (clip, date, programme, _) in enumerate(_name_broadcasts(clips, seed)):
        sample_id = f'{date}_{programme}-{number + 1}'
        named.append(NamedClip(clip, sample_id, f'{clip.split}/{sample_id}', number))
    return named


def _name_csl_daily(clips: Sequence[Clip], seed: int) -> List[NamedClip]:
    sentences: Dict[Tuple[str, ...], int] = {}
    takes: Dict[Tuple[int, int], int] = {}
    names = []
    for clip in clips:
        sentence = sentences.setdefault(clip.glosses, len(sentences))
        take = takes.get((sentence, clip.signer), 0)
        takes[sentence, clip.signer] = take + 1
        names.append((f'S{sentence:06d}_P{clip.signer:04d}_T{take:02d}', clip))
    names.sort(key=lambda item: item[0])
    return [NamedClip(clip, name, name, number) for number, (name, clip) in enumerate(names)]


def _name_csl(clips: Sequence[Clip], seed: int) -> List[NamedClip]:
    return [NamedClip(clip, f'video{number}', f'video{number}', number) for number, clip in enumerate(clips)]


def _phoenix2014_frame(named: NamedClip, index: int) -> str:
    broadcast = named.sample_id.rsplit('_default-', 1)[0]
    return f'{broadcast}.avi_pid0_fn{index:06d}-0.png'


def _annotate_phoenix2014(clips, lengths, signers) -> Dict[str, str]:
    files = {f'annotations/manual/{split}.corpus.csv': 'id|folder|signer|annotation\n' for split in SPLITS}
    for named in clips:
        files[f'annotations/manual/{named.clip.split}.corpus.csv'] += (
            f'{named.sample_id}|{named.sample_id}/1/*.png|{signers[named.clip.signer]}|{" ".join(named.clip.glosses)}\n'
        )
    return files


def _annotate_phoenix2014_t(clips, lengths, signers) -> Dict[str, str]:
    name = 'annotations/manual/PHOENIX-2014-T.{}.corpus.csv'
    files = {name.format(split): 'name|video|start|end|speaker|orth|translation\n' for split in SPLITS}
    for named in clips:
        label = ' '.join(named.clip.glosses)
        # The release says /1/ although its frames lie one folder higher.
        files[name.format(named.clip.split)] += (
            f'{named.sample_id}|{named.sample_id}/1/*.png|-1|-1|{signers[named.clip.signer]}|{label}|{label.lower()}\n'
        )
    return files


def _annotate_csl_daily(clips, lengths, signers) -> Dict[str, str]:
    rows, splits = ['index|name|length|gloss|char|word|postag'], ['name|split']
    for named, length in zip(clips, lengths):
        words = spoken(named.clip.glosses, chinese=True)
        tags = [POSTAGS[CATEGORY[gloss]] for gloss in named.clip.glosses]
        fields = (' '.join(words), f'{" ".join("".join(words))} 。', f'{" ".join(words)} 。', f'{" ".join(tags)} w')
        rows.append('|'.join((str(named.number), named.sample_id, str(length), *fields)))
        splits.append(f'{named.sample_id}|{named.clip.split}')
    return {
        'sentence_label/video_map.txt': '\n'.join(rows) + '\n',
        'sentence_label/split_1.txt': '\n'.join(splits) + '\n',
    }


def _annotate_csl(clips, lengths, signers) -> Dict[str, str]:
    files = {f'{split}.txt': '' for split in SPLITS}
    for named in clips:
        files[f'{named.clip.split}.txt'] += f'{named.sample_id}|{" ".join(spoken(named.clip.glosses, chinese=True))}\n'
    return files


WRITERS: Dict[str, LayoutWriter] = {
    'phoenix2014': LayoutWriter(
        frame_dir='features/fullFrame-{w}x{h}px',
        frame_name=_phoenix2014_frame,
        name_clips=_name_phoenix2014,
        annotations=_annotate_phoenix2014,
    ),
    'phoenix2014-T': LayoutWriter(
        frame_dir='features/fullFrame-{w}x{h}px',
        frame_name=lambda named, index: f'images{index + 1:04d}.png',
        name_clips=_name_phoenix2014_t,
        annotations=_annotate_phoenix2014_t,
    ),
    'csl-daily': LayoutWriter(
        frame_dir='sentence/frames_{w}x{h}',
        frame_name=lambda named, index: f'{index:06d}.jpg',
        name_clips=_name_csl_daily,
        annotations=_annotate_csl_daily,
        unused_rows=40,
        chinese=True,
    ),
    'csl': LayoutWriter(
        frame_dir='features/fullFrame-{w}x{h}px',
        frame_name=lambda named, index: f'{index:06d}.jpg',
        name_clips=_name_csl,
        annotations=_annotate_csl,
        chinese=True,
    ),
}
