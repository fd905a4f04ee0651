"""The Chinese continuous corpus CSL (USTC)."""

from dataclasses import replace
from typing import Dict, List, Sequence

from cslrkit.corpora.base import Annotation, Corpus, DrawnClip
from cslrkit.registry import CORPORA


@CORPORA.register_module(name='csl')
class CSL(Corpus):
    """CSL: 100 Chinese sentences by 50 signers.

    Only the last part of an annotated name is the folder. The published feeder never read the last entry;
    ``drop_last_entry=True`` of a dataset does the same.

    Source: Huang et al., Video-based sign language recognition without temporal segmentation, AAAI 2018; files of
    kaistmm/SlowFastSign 37d1b6c.
    """

    annotation_file = '{split}.txt'
    columns = 'name|label'
    has_header = False
    features_dir = 'features'
    frame_dir = 'features/fullFrame-{w}x{h}px'
    frame_size = read_size = (256, 256)
    frame_pattern = '*.jpg'
    in_root = True
    optional_splits = ('test',)
    published = {'train': 20000, 'dev': 5000}
    published_name = 'CSL'
    chinese = True

    def parse(self, row: Dict[str, str], line: str) -> Annotation:
        """Read ``NAME|GLOSSES``; as published, the line keeps its end."""
        name = row['name'].strip()
        folder = name.rstrip('/').rpartition('/')[2]
        return Annotation(name, folder, row['label'].strip(), original_info=line)

    def row(self, clip: DrawnClip) -> Dict[str, str]:
        """Return what :meth:`parse` reads."""
        return dict(name=clip.sample_id, label=' '.join(clip.words))

    def name_clips(self, clips: Sequence[DrawnClip], seed: int) -> List[DrawnClip]:
        """``video0`` and so on."""
        return [replace(clip, sample_id=f'video{number}') for number, clip in enumerate(clips)]
