"""Where signs begin and end: segments of a clip by what signs and the ways between them look like."""

from cslrkit.decoders.segmental.fit import fit_signs
from cslrkit.decoders.segmental.search import SignModel, find_segments

__all__ = ['SignModel', 'find_segments', 'fit_signs']
