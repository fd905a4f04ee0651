"""The corpora: one registered class in one file each, which every tool takes by its name."""

from cslrkit.corpora.base import SPLITS, Annotation, Corpus, DrawnClip, find_corpus
from cslrkit.corpora.csl import CSL
from cslrkit.corpora.csl_daily import CSLDaily
from cslrkit.corpora.custom import Custom
from cslrkit.corpora.phoenix2014 import Phoenix2014
from cslrkit.corpora.phoenix2014_t import Phoenix2014T
from cslrkit.corpora.synthsign.corpus import SynthSign

__all__ = [
    'CSL',
    'SPLITS',
    'Annotation',
    'CSLDaily',
    'Corpus',
    'Custom',
    'DrawnClip',
    'Phoenix2014',
    'Phoenix2014T',
    'SynthSign',
    'find_corpus',
]
