"""What the network said at each moment of a clip, with where reference and hypothesis lie in it."""

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from cslrkit.decoders.alignment import forced_align
from cslrkit.structures import GlossVocab, Hypothesis, SignDataSample
from cslrkit.structures.temporal_spec import TemporalSpec

_SHOWN_GLOSSES = 10  # curves that can be told apart
_LEAST = 0.05  # probability that a gloss of neither sequence must reach to be drawn

Bar = Tuple[str, float, float]


@dataclass(frozen=True)
class AlignmentData:
    """What is drawn of a clip.

    Args:
        sample_id: Its name.
        times: Middle of each feature step, in seconds, or frames if the rate is not known.
        probs: Probabilities (T', V).
        reference: Gloss, begin and end of the reference, by forced alignment with these probabilities; None
            if the clip has fewer steps than its glosses need; empty where there is no reference, which is then
            not drawn.
        hypothesis: The same of the hypothesis.
        unit: ``'s'`` or ``'frames'``.
    """

    sample_id: str
    times: np.ndarray
    probs: np.ndarray
    reference: Optional[List[Bar]]
    hypothesis: List[Bar]
    unit: str

    @classmethod
    def of(
        cls, sample: SignDataSample, log_probs: np.ndarray, hyp: Hypothesis, *, spec: TemporalSpec, vocab: GlossVocab
    ) -> 'AlignmentData':
        """Collect it.

        Args:
            sample: The clip's annotation.
            log_probs: Of the clip's own steps, (T', V).
            hyp: What the decoder made of them.
            spec: Turns steps into frames.
            vocab: Turns ids into glosses.
        """
        indices = sample.frame_indices

        def bar(gloss_id: int, span: Tuple[int, int]) -> Bar:
            start, end = spec.frame_span(*span, len(indices))
            scale = sample.frame_rate or 1.0
            return vocab.decode([gloss_id])[0], indices[start] / scale, (indices[end - 1] + 1) / scale

        steps = [bar(1, (step, step)) for step in range(len(log_probs))]
        ids = sample.gloss_ids.tolist()
        needed = len(ids) + sum(a == b for a, b in zip(ids, ids[1:]))
        spans = forced_align(log_probs, ids) if needed <= len(log_probs) else None
        return cls(
            sample_id=sample.sample_id,
            times=np.array([(start + end) / 2 for _, start, end in steps]),
            probs=np.exp(log_probs),
            reference=None if spans is None else [bar(*each) for each in zip(ids, spans)],
            hypothesis=[bar(*each) for each in zip(hyp.gloss_ids, hyp.step_spans)],
            unit='frames' if sample.frame_rate is None else 's',
        )


def draw_alignment(data: AlignmentData, vocab: GlossVocab, *, font: str, width: float = 9.0) -> np.ndarray:
    """Draw probabilities over time, and below them the spans of reference and hypothesis.

    Args:
        data: Of a clip.
        vocab: Names the curves.
        font: A font file that has the characters of the glosses.
        width: Inches, of 100 pixels; long clips need more.

    Returns:
        RGB picture, uint8 (H, W, 3).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    words = FontProperties(fname=font, size=8)
    figure = Figure(figsize=(width, 4), layout='constrained', dpi=100)
    canvas = FigureCanvasAgg(figure)
    curves, lanes = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    colours = _colours(data, vocab)
    curves.plot(data.times, data.probs[:, 0], '--', color='0.7', linewidth=1, label='blank')
    for gloss, colour in colours.items():
        gloss_id = vocab.encode([gloss])[0][0]
        curves.plot(data.times, data.probs[:, gloss_id], color=colour, marker='.', markersize=4, label=gloss)
    curves.set_ylim(-0.02, 1.05)
    curves.margins(x=0.05)
    curves.set_ylabel('probability')
    curves.set_title(data.sample_id, loc='left', fontproperties=FontProperties(fname=font, size=10))
    curves.legend(prop=words, loc='center left', bbox_to_anchor=(1.0, 0.5), frameon=False)
    for height, bars in ((1, data.reference or []), (0, data.hypothesis)):
        for place, (gloss, start, end) in enumerate(bars):
            lanes.barh(height, end - start, left=start, height=0.5, color=colours.get(gloss, '0.8'), alpha=0.8)
            # Neighbours are often too close for their names: every other one stands below its bar.
            lift, anchor = (0.28, 'bottom') if place % 2 == 0 else (-0.28, 'top')
            lanes.text((start + end) / 2, height + lift, gloss, ha='center', va=anchor, fontproperties=words)
    names = ['hyp', 'ref (clip too short)'] if data.reference is None else ['hyp', 'ref'][: 1 + bool(data.reference)]
    lanes.set_ylim(-0.75, len(names) - 0.25)
    lanes.set_yticks(range(len(names)), names)
    lanes.set_xlabel('seconds' if data.unit == 's' else 'frames')
    for side in ('top', 'right'):
        curves.spines[side].set_visible(False)
        lanes.spines[side].set_visible(False)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _colours(data: AlignmentData, vocab: GlossVocab) -> Any:
    """The glosses that get a curve, those of the two sequences first, with their colours."""
    named = [gloss for gloss, _, _ in [*data.hypothesis, *(data.reference or [])]]
    tops = data.probs[:, 1:].max(0)
    others = [vocab.decode([int(place) + 1])[0] for place in np.argsort(-tops)[:_SHOWN_GLOSSES] if tops[place] > _LEAST]
    shown: Sequence[str] = list(dict.fromkeys(named + others))[:_SHOWN_GLOSSES]
    return {gloss: f'C{place}' for place, gloss in enumerate(shown)}
