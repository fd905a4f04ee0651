"""Giving memory back to the system."""

import ctypes
import gc
import sys


def release_memory() -> None:
    """Drop what nothing refers to, and let glibc return what it keeps of freed memory."""
    gc.collect()
    if sys.platform == 'linux':
        getattr(ctypes.CDLL(None), 'malloc_trim', lambda pad: None)(0)
