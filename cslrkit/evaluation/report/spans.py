"""How well recognized glosses lie on the signs: their spans beside annotated segments, and their confidence."""

from statistics import median
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from cslrkit.errors import DataError
from cslrkit.evaluation.functional.alignment import align_sentences
from cslrkit.evaluation.report.corpus import ScoredSentence
from cslrkit.utils.messages import listed
from cslrkit.utils.tables import format_table

GOALS = dict(mean_iou=0.70, share_at_half=0.85, start_error=0.08, end_error=0.08)
_BINS = 10


class PlacedGloss(NamedTuple):
    """A correctly recognized gloss beside the sign that it names.

    Args:
        gloss: Which.
        signer: Who signs.
        iou: Seconds that both cover, by seconds that either covers.
        start_error: Seconds from the sign's start to the span's; negative if the span begins early.
        end_error: The same of their ends.
    """

    gloss: str
    signer: str
    iou: float
    start_error: float
    end_error: float


def place_glosses(
    sentences: Sequence[ScoredSentence],
    spans: Mapping[str, Sequence[Tuple[float, float]]],
    truth: Mapping[str, Sequence[Tuple[str, float, float]]],
) -> List[PlacedGloss]:
    """Compare the span of each correctly recognized gloss with its annotated segment.

    Args:
        sentences: Scored; which glosses are correct is said by their alignments.
        spans: By sample, the seconds at which each scored word of the hypothesis begins and ends.
        truth: By sample, gloss, start and end of each annotated sign in seconds; others than the reference's are
            left out.

    Raises:
        DataError: If no sentence has both.
    """
    shared = [sentence for sentence in sentences if sentence.sample_id in truth and sentence.sample_id in spans]
    if not shared:
        got = listed([sentence.sample_id for sentence in sentences], 3)
        raise DataError(
            f'spans: none of the {len(sentences)} sentences ({got}) has both spans in seconds and annotated segments '
            f'({listed(list(truth), 3)}). Is it the annotation of this split, and is the frame rate known?'
        )
    signed = [[gloss for gloss, _, _ in truth[sentence.sample_id]] for sentence in shared]
    placed = []
    for sentence, edits in zip(shared, align_sentences([s.score.ref for s in shared], signed)):
        segment_of = {edit.ref: truth[sentence.sample_id][edit.hyp] for edit in edits if edit.op == 'C'}
        for edit in sentence.score.edits:
            if edit.op == 'C' and edit.ref in segment_of:
                gloss, start, end = segment_of[edit.ref]
                first, last = spans[sentence.sample_id][edit.hyp]
                iou = max(0.0, min(end, last) - max(start, first)) / (max(end, last) - min(start, first))
                placed.append(PlacedGloss(gloss, sentence.signer, iou, first - start, last - end))
    return placed


def summarize(placed: Sequence[PlacedGloss]) -> Dict[str, float]:
    """Return count, mean IoU, share at IoU 0.5, and medians of errors: signed (``bias``) and of their size (``error``).

    Args:
        placed: At least one.

    Examples:
        >>> summarize([PlacedGloss('A', 'Ann', 0.5, -0.1, 0.0), PlacedGloss('A', 'Bo', 0.25, 0.2, 0.0)])['mean_iou']
        0.375
    """
    starts, ends = [gloss.start_error for gloss in placed], [gloss.end_error for gloss in placed]
    return dict(
        num_glosses=len(placed),
        mean_iou=sum(gloss.iou for gloss in placed) / len(placed),
        share_at_half=sum(gloss.iou >= 0.5 for gloss in placed) / len(placed),
        start_bias=median(starts),
        end_bias=median(ends),
        start_error=median(map(abs, starts)),
        end_error=median(map(abs, ends)),
    )


def calibration_error(confidences: Sequence[float], correct: Sequence[bool]) -> float:
    """Return the expected calibration error (Naeini et al., AAAI 2015), over ten bins of equal width.

    Args:
        confidences: Of recognized glosses, 0 to 1.
        correct: Whether each is right.

    Examples:
        >>> calibration_error([0.75, 0.75, 0.75, 0.75], [True, True, True, False])
        0.0
    """
    bins: Dict[int, List[Tuple[float, bool]]] = {}
    for confidence, is_right in zip(confidences, correct):
        bins.setdefault(min(int(confidence * _BINS), _BINS - 1), []).append((confidence, is_right))
    gaps = (abs(sum(right - confidence for confidence, right in pairs)) for pairs in bins.values())
    return sum(gaps) / max(len(confidences), 1)


def confidence_pairs(
    sentences: Sequence[ScoredSentence], confidences: Mapping[str, Sequence[float]]
) -> Tuple[List[float], List[bool]]:
    """Return the confidence of each recognized gloss, and whether it is right, of the sentences that have them."""
    pairs = [
        (confidences[sentence.sample_id][edit.hyp], edit.op == 'C')
        for sentence in sentences
        if sentence.sample_id in confidences
        for edit in sentence.score.edits
        if edit.hyp is not None
    ]
    return [confidence for confidence, _ in pairs], [is_right for _, is_right in pairs]


def goal_lines(figures: Mapping[str, float]) -> List[str]:
    """Return a line for each of ``GOALS``: what was reached, and whether that is enough."""
    lines = []
    for name, goal in GOALS.items():
        more = name in ('mean_iou', 'share_at_half')
        reached = figures[name] >= goal if more else figures[name] <= goal + 1e-9
        sign = 'at least' if more else 'at most'
        lines.append(f'{name}: {figures[name]:.3f}, goal {sign} {goal:.2f}: {"reached" if reached else "not reached"}')
    return lines


def format_placed(placed: Sequence[PlacedGloss], key: Callable[[PlacedGloss], Any], heading: str) -> str:
    """Return a table with a row for each value of ``key``, the worst IoU first, errors in seconds."""
    groups: Dict[Any, List[PlacedGloss]] = {}
    for gloss in placed:
        groups.setdefault(key(gloss), []).append(gloss)
    figures = sorted(((name, summarize(group)) for name, group in groups.items()), key=lambda row: row[1]['mean_iou'])
    rows = [
        [
            name,
            row['num_glosses'],
            f'{row["mean_iou"]:.3f}',
            f'{100 * row["share_at_half"]:.1f}',
            *(f'{row[column]:+.3f}' for column in ('start_bias', 'end_bias')),
            *(f'{row[column]:.3f}' for column in ('start_error', 'end_error')),
        ]
        for name, row in figures
    ]
    headings = [heading, 'glosses', 'mean IoU', '% at 0.5', 'start', 'end', '|start|', '|end|']
    return format_table(headings, rows)
