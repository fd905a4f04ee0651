"""A result, or what was wrong with an upload, as HTML that holds everything in itself."""

import base64
from html import escape
from pathlib import Path
from typing import List, Union

from cslrkit.demo.clip_run import ClipRun
from cslrkit.structures import GlossSpan
from cslrkit.structures.result import InferenceResult

CSS = """
.clip-run { font-size: 1rem; line-height: 1.45; }
.clip-run h2 { font-size: 1.1rem; margin: 1.4em 0 0.4em; }
.clip-run h2:first-child { margin-top: 0; }
.clip-run .glosses { font-size: 1.35rem; font-weight: 600; margin: 0 0 0.2em; overflow-wrap: anywhere; }
.clip-run .facts { margin: 0; opacity: 0.8; }
.clip-run .scroll { overflow-x: auto; }
.clip-run .scroll:focus-visible { outline: 2px solid currentColor; }
.clip-run table { border-collapse: collapse; min-width: min(100%, 30rem); border: 0; margin: 0; }
.clip-run table tr { border: 0; }
.clip-run table th, .clip-run table td { padding: 0.3em 1.2em 0.3em 0; text-align: left; }
.clip-run table th, .clip-run table td { border: 0; border-bottom: 1px solid #8886; }
.clip-run table .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.clip-run meter { width: 6rem; vertical-align: middle; margin-left: 0.5em; }
@media (max-width: 600px) { .clip-run meter { display: none; } }
.clip-run img { display: block; width: 100%; height: auto; margin: 0; background: white; }
.clip-run video { display: block; width: min(100%, 30rem); background: black; }
.clip-error { border-left: 4px solid #c62828; padding: 0.6em 1em; overflow-wrap: anywhere; }
"""


def render_run(run: ClipRun, *, remark: str = '') -> str:
    """Return a result: the sentence, a table, the plot and the video.

    Args:
        run: From :func:`~cslrkit.demo.run_clip`.
        remark: What else to say below the sentence.
    """
    result = run.result
    sentence = ' '.join(result.glosses) or 'no gloss was recognized'
    facts = [_count(result.num_frames, 'frame')]
    if result.frame_rate is not None:
        facts.append(f'{result.frame_rate:.4g} frames per second')
    width = int.from_bytes(run.plot[16:20], 'big')  # of a PNG
    notes = ''.join(f'<p class="facts">{escape(_without_folder(note, result.source))}</p>' for note in result.notes)
    return f"""<div class="clip-run">
<h2>Glosses</h2>
<p class="glosses" role="status">{escape(sentence)}</p>
<p class="facts">{escape(run.name)}: {', '.join(facts)}. {escape(remark)}</p>{notes}
{_table(result)}
<h2>What the network said at each moment</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Plot, scrolls sideways">
<img style="min-width: {0.7 * width:.0f}px; max-width: {width}px" src="{_data_uri('image/png', run.plot)}" \
alt="Probability of each gloss over time; below, where each recognized \
gloss lies: {escape(_spoken(result))}">
</div>
<h2>Where it looked for each gloss</h2>
<video controls muted loop playsinline preload="auto" aria-label="The clip with heat maps and captions: \
{escape(sentence)}" src="{_data_uri('video/webm', run.video)}"></video>
<p class="facts"><a download="{escape(Path(run.name).stem)}-heat.webm" href="{_data_uri('video/webm', run.video)}">\
Download this video</a></p>
</div>"""


def render_error(error: Exception, path: Union[str, Path]) -> str:
    """Return what was wrong with an upload; the file is called by its name, without the folder.

    Args:
        error: With a message for the user.
        path: The upload.
    """
    message = _without_folder(str(error), str(path))
    return f'<div class="clip-run"><p class="clip-error" role="alert">{escape(message)}</p></div>'


def _table(result: InferenceResult) -> str:
    if not result.spans:
        return ''
    unit = 's' if result.timed else 'frame'
    numbers = ''.join(f'<th class="number">{each}</th>' for each in (f'from ({unit})', f'to ({unit})', 'Confidence'))
    rows = ''.join(_row(span, timed=result.timed) for span in result.spans)
    head = f'<th>Gloss</th>{numbers}'.replace('<th', '<th scope=col')
    return (
        '<h2>When, and how surely</h2>\n<div class="scroll"><table>'
        f'<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(span: GlossSpan, *, timed: bool) -> str:
    times: List[str] = [f'{each:.2f}' if timed else f'{each}' for each in _ends(span, timed)]
    cells = ''.join(f'<td class="number">{each}</td>' for each in times)
    percent = f'{100 * span.confidence:.0f} %'
    bar = f'<meter min="0" max="1" value="{span.confidence:.3f}" aria-hidden="true"></meter>'
    return f'<tr><th scope="row">{escape(span.gloss)}</th>{cells}<td class="number">{percent} {bar}</td></tr>'


def _ends(span: GlossSpan, timed: bool) -> tuple:
    return span.times if timed else span.frames


def _spoken(result: InferenceResult) -> str:
    return ', '.join(
        f'{span.gloss} {"{:.2f} to {:.2f} s" if result.timed else "frames {} to {}"}'.format(*_ends(span, result.timed))
        for span in result.spans
    )


def _count(number: int, what: str) -> str:
    return f'{number} {what}{"" if number == 1 else "s"}'


def _without_folder(message: str, path: str) -> str:
    return message.replace(path, Path(path).name)


def _data_uri(kind: str, content: bytes) -> str:
    return f'data:{kind};base64,{base64.b64encode(content).decode("ascii")}'
