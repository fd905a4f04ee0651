"""cslrkit: a toolkit for continuous sign language recognition (CSLR)."""

__version__ = '0.1.0'
