"""Results as a table for the console."""

from typing import Optional

from cslrkit.structures.result import InferenceResult


def format_result(result: InferenceResult) -> str:
    """Return a result as a head and a line for each gloss: times in seconds, confidence in percent."""
    rate = 'unknown frame rate' if result.frame_rate is None else f'{result.frame_rate:g} frames/s'
    windows = f', {result.num_windows} windows' if result.num_windows > 1 else ''
    lines = [f'{result.source}: {result.num_frames} frames, {rate}{windows}']
    if not result.spans:
        lines.append('  no gloss')
    else:
        width = max(len('gloss'), *(len(gloss) for gloss in result.glosses))
        unit = 'frame' if not result.timed else 's'
        lines.append(f'  {f"from {unit}":>9}  {f"to {unit}":>9}  {"gloss":<{width}}  confidence')
        for span in result.spans:
            start, end = span.frames if not result.timed else (span.start, span.end)
            lines.append(f'  {_number(start)}  {_number(end)}  {span.gloss:<{width}}  {100 * span.confidence:8.0f} %')
    if len(result.nbest) > 1:
        lines.append(f'  {"log-prob":>9}  {"sequence":<9}')
        lines += [f'  {candidate.score:9.2f}  {" ".join(candidate.glosses)}' for candidate in result.nbest]
    return '\n'.join(lines)


def _number(value: Optional[float]) -> str:
    return f'{value:9d}' if isinstance(value, int) else f'{value:9.2f}'
