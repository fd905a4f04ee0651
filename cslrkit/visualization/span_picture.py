"""Sentences in time: annotated segments above, recognized glosses below."""

from typing import Mapping, Sequence, Tuple

import numpy as np

from cslrkit.evaluation.report.corpus import ScoredSentence
from cslrkit.video.fonts import find_font


def draw_spans(
    sentences: Sequence[ScoredSentence],
    spans: Mapping[str, Sequence[Tuple[float, float]]],
    truth: Mapping[str, Sequence[Tuple[str, float, float]]],
) -> np.ndarray:
    """Draw a lane for each sentence that has segments and spans; glosses that are not correct are red.

    Args:
        sentences: Scored.
        spans: By sample, the seconds at which each scored word of the hypothesis begins and ends.
        truth: By sample, gloss, start and end of each annotated sign in seconds.

    Returns:
        RGB picture, uint8 (H, W, 3).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    shown = [sentence for sentence in sentences if sentence.sample_id in truth and sentence.sample_id in spans]
    names = [gloss for sentence in shown for gloss, _, _ in truth[sentence.sample_id]]
    words = FontProperties(fname=find_font(names), size=7)
    figure = Figure(figsize=(10, 1 + 0.9 * len(shown)), layout='constrained', dpi=100)
    canvas, axes = FigureCanvasAgg(figure), figure.subplots()
    for lane, sentence in enumerate(shown):
        correct = {edit.hyp for edit in sentence.score.edits if edit.op == 'C'}
        bars = [(gloss, start, end, 0.22, 'tab:blue') for gloss, start, end in truth[sentence.sample_id]]
        bars += [
            (gloss, start, end, -0.22, 'tab:green' if place in correct else 'tab:red')
            for place, (gloss, (start, end)) in enumerate(zip(sentence.score.hyp, spans[sentence.sample_id]))
        ]
        for gloss, start, end, lift, colour in bars:
            axes.barh(-lane + lift, end - start, left=start, height=0.4, color=colour, alpha=0.6, edgecolor='black')
            axes.text((start + end) / 2, -lane + lift, gloss, ha='center', va='center', fontproperties=words)
    axes.set_yticks([-lane for lane in range(len(shown))], [sentence.sample_id for sentence in shown], fontsize=7)
    axes.set_xlim(left=0.0)
    axes.set_xlabel('seconds; segments above, recognized glosses below')
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
