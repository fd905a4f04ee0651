"""RWTH-PHOENIX-Weather 2014 T."""

from dataclasses import replace
from typing import Dict, List, Sequence

from cslrkit.corpora.base import Annotation, DrawnClip
from cslrkit.corpora.phoenix2014 import PhoenixFrames, name_broadcasts, with_pattern
from cslrkit.registry import CORPORA


@CORPORA.register_module(name='phoenix2014-T')
class Phoenix2014T(PhoenixFrames):
    """RWTH-PHOENIX-Weather 2014 T: German weather forecasts with translations.

    The root is the folder ``PHOENIX-2014-T``. Annotations and frames may each have the folder ``/1/`` or not: those
    of the release say ``NAME/1/*.png`` while its frames lie in ``NAME``, and some copies mended the one or the other.

    Source: Camgoz et al., Neural sign language translation, CVPR 2018; files of kaistmm/SlowFastSign 37d1b6c.
    """

    annotation_file = 'annotations/manual/PHOENIX-2014-T.{split}.corpus.csv'
    columns = 'name|video|start|end|speaker|orth|translation'
    published = {'train': 7096, 'dev': 519, 'test': 642}

    def parse(self, row: Dict[str, str], line: str) -> Annotation:
        """Read ``NAME|NAME/1/*.png|START|END|SPEAKER|GLOSSES|TRANSLATION``."""
        return Annotation(row['name'], with_pattern(row['video']), row['orth'], row['speaker'])

    def folders(self, annotation: Annotation) -> List[str]:
        """The annotated folder, and the same with or without ``/1``."""
        place, _, pattern = annotation.folder.rpartition('/')
        other = place[:-2] if place.endswith('/1') else f'{place}/1'
        return [annotation.folder, f'{other}/{pattern}']

    def row(self, clip: DrawnClip) -> Dict[str, str]:
        """Return what :meth:`parse` reads, with the release's ``/1``."""
        label, video = ' '.join(clip.words), f'{clip.sample_id}/1/*.png'
        shared = dict(start='-1', end='-1', speaker=clip.signer_name)
        return dict(name=clip.sample_id, video=video, orth=label, translation=label.lower(), **shared)

    def name_clips(self, clips: Sequence[DrawnClip], seed: int) -> List[DrawnClip]:
        """Name clips by their broadcasts and their place in the corpus: ``01April_2010_Thursday_heute-25``."""
        named = enumerate(name_broadcasts(clips, seed), start=1)
        return [replace(clip, sample_id=f'{broadcast}-{number}') for number, (clip, broadcast, _) in named]

    def frame_name(self, clip: DrawnClip, index: int) -> str:
        """``images0001.png``."""
        return f'images{index + 1:04d}.png'
