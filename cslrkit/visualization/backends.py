"""Hand pictures and texts to those backends of a visualizer that show them."""

from typing import List

import numpy as np
from mmengine.visualization import LocalVisBackend, TensorboardVisBackend, Visualizer
from mmengine.visualization.vis_backend import BaseVisBackend

from cslrkit.evaluation.functional.alignment import align_words


def picture_backends(visualizer: Visualizer) -> List[BaseVisBackend]:
    """Return the backends that keep pictures in an order to look at: all but the one that writes files."""
    backends = visualizer._vis_backends.values()
    return [backend for backend in backends if not isinstance(backend, LocalVisBackend)]


def add_picture(visualizer: Visualizer, name: str, picture: np.ndarray, step: int) -> None:
    """Record an RGB picture under ``name``, whose part before a slash groups it."""
    for backend in picture_backends(visualizer):
        backend.add_image(name, picture, step)


def add_text(visualizer: Visualizer, name: str, text: str, step: int) -> None:
    """Record a text in Markdown: in TensorBoard, and in backends of your own that have ``add_text``."""
    for backend in picture_backends(visualizer):
        if isinstance(backend, TensorboardVisBackend):
            backend.experiment.add_text(name, text, step)
        else:
            write = getattr(backend, 'add_text', None)
            if write is not None:
                write(name, text, step)


def compare_sentences(ref: List[str], hyp: List[str]) -> str:
    """Return reference and hypothesis aligned, in two lines of equal width; errors have asterisks.

    Examples:
        >>> print(compare_sentences(['A', 'BIRD', 'C'], ['A', 'C', 'D']))
        ref:  A  *BIRD*  C  *-*
        hyp:  A  *-*     C  *D*
    """
    above, below = ['ref:'], ['hyp:']
    for edit in align_words(ref, hyp):
        pair = ['-' if edit.ref is None else ref[edit.ref], '-' if edit.hyp is None else hyp[edit.hyp]]
        if edit.op != 'C':
            pair = [f'*{word}*' for word in pair]
        width = max(map(len, pair))
        above.append(pair[0].ljust(width))
        below.append(pair[1].ljust(width))
    return '\n'.join('  '.join(words).rstrip() for words in (above, below))
