"""What the network said at each moment of a clip, with where reference and hypothesis lie in it."""

from typing import Dict, Optional, Sequence

import numpy as np

from cslrkit.decoders.alignment import forced_align
from cslrkit.structures import GlossSpan, GlossVocab, Hypothesis, SignDataSample, TemporalSpec
from cslrkit.structures.temporal_spec import steps_needed

_SHOWN_GLOSSES = 10  # curves that can be told apart
_LEAST = 0.05  # probability that a gloss of neither sequence must reach to be drawn


def draw_sample(
    sample: SignDataSample, log_probs: np.ndarray, hyp: Hypothesis, *, spec: TemporalSpec, vocab: GlossVocab, font: str
) -> np.ndarray:
    """Draw what the network made of an annotated clip; the reference is aligned with the probabilities.

    Args:
        sample: The clip's annotation.
        log_probs: Of the clip's own steps, (T', V).
        hyp: What the decoder made of them, resolved.
        spec: Turns steps into frames.
        vocab: Turns ids into glosses.
        font: A font file that has the characters of the glosses.
    """
    place = dict(frame_indices=sample.frame_indices, frame_rate=sample.frame_rate)
    ids = sample.gloss_ids.tolist()
    reference = None
    if steps_needed(ids) <= len(log_probs):
        spans = [GlossSpan(gloss_id, steps=steps) for gloss_id, steps in zip(ids, forced_align(log_probs, ids))]
        reference = Hypothesis(spans, 0.0).resolve(vocab, spec, **place)
    options = dict(spec=spec, vocab=vocab, title=sample.sample_id, font=font, reference=reference)
    return draw_alignment(log_probs, hyp, **place, **options)


def draw_alignment(
    log_probs: np.ndarray,
    hyp: Sequence[GlossSpan],
    *,
    frame_indices: Sequence[int],
    frame_rate: Optional[float],
    spec: TemporalSpec,
    vocab: GlossVocab,
    title: str,
    font: str,
    reference: Optional[Sequence[GlossSpan]] = (),
    width: float = 9.0,
) -> np.ndarray:
    """Draw probabilities over time, and below them the spans of reference and hypothesis.

    Args:
        log_probs: Of the clip, (T', V).
        hyp: Glosses of the hypothesis.
        frame_indices: Of the clip, in its source.
        frame_rate: Of the source: times are in seconds; None, if it is not known: they are in frames.
        spec: Turns steps into frames.
        vocab: Names the curves.
        title: Of the picture.
        font: A font file that has the characters of the glosses.
        reference: Glosses of the reference; none are not drawn, None says that the clip is too short for them.
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
    steps = Hypothesis([GlossSpan(1, steps=(step, step)) for step in range(len(log_probs))], 0.0)
    placed = steps.resolve(vocab, spec, frame_indices=frame_indices, frame_rate=frame_rate)
    step_times = np.mean(placed.frame_spans if frame_rate is None else placed.time_spans, axis=1)
    probs = np.exp(log_probs)
    colours = _colours(probs, [*hyp, *(reference or [])], vocab)
    curves.plot(step_times, probs[:, 0], '--', color='0.7', linewidth=1, label='blank')
    for gloss, colour in colours.items():
        gloss_id = vocab.encode([gloss])[0][0]
        curves.plot(step_times, probs[:, gloss_id], color=colour, marker='.', markersize=4, label=gloss)
    curves.set_ylim(-0.02, 1.05)
    curves.margins(x=0.05)
    curves.set_ylabel('probability')
    curves.set_title(title, loc='left', fontproperties=FontProperties(fname=font, size=10))
    curves.legend(prop=words, loc='center left', bbox_to_anchor=(1.0, 0.5), frameon=False)
    for height, spans in ((1, reference or []), (0, hyp)):
        for place, span in enumerate(spans):
            start, end = span.frames if frame_rate is None else span.times
            lanes.barh(height, end - start, left=start, height=0.5, color=colours.get(span.gloss, '0.8'), alpha=0.8)
            # Neighbors are often too close for their names: every other one stands below its bar.
            lift, anchor = (0.28, 'bottom') if place % 2 == 0 else (-0.28, 'top')
            lanes.text((start + end) / 2, height + lift, span.gloss, ha='center', va=anchor, fontproperties=words)
    names = ['hyp', 'ref (clip too short)'] if reference is None else ['hyp', 'ref'][: 1 + bool(reference)]
    lanes.set_ylim(-0.75, len(names) - 0.25)
    lanes.set_yticks(range(len(names)), names)
    lanes.set_xlabel('frames' if frame_rate is None else 'seconds')
    for side in ('top', 'right'):
        curves.spines[side].set_visible(False)
        lanes.spines[side].set_visible(False)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _colours(probs: np.ndarray, spans: Sequence[GlossSpan], vocab: GlossVocab) -> Dict[str, str]:
    """The glosses that get a curve, those of the two sequences first, with their colours."""
    tops = probs[:, 1:].max(0)
    others = [vocab.decode([int(place) + 1])[0] for place in np.argsort(-tops)[:_SHOWN_GLOSSES] if tops[place] > _LEAST]
    shown = list(dict.fromkeys([span.gloss for span in spans] + others))[:_SHOWN_GLOSSES]
    return {gloss: f'C{place}' for place, gloss in enumerate(shown)}
