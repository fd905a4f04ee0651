"""How many threads torch computes with, for a while."""

from contextlib import contextmanager
from typing import Iterator

import torch


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Compute with ``count`` threads in the block, and with as many as before after it.

    Args:
        count: At least 1.

    Examples:
        >>> with torch_threads(1):
        ...     torch.get_num_threads()
        1
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
