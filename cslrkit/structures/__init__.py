"""Containers that pass between the parts: vocabulary, hypothesis, data sample."""

from cslrkit.structures.gloss_vocab import GlossVocab
from cslrkit.structures.hypothesis import Hypothesis, NBestEntry
from cslrkit.structures.sign_data_sample import SignDataSample

__all__ = ['GlossVocab', 'Hypothesis', 'NBestEntry', 'SignDataSample']
