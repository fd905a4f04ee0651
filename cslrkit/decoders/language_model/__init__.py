"""Language models over glosses, which the beam search adds to what the network says."""

from cslrkit.decoders.language_model.base import LanguageModel
from cslrkit.decoders.language_model.ngram import NGram

__all__ = ['LanguageModel', 'NGram']
