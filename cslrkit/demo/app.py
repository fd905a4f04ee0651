"""The page, made with Gradio."""

from html import escape
from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple

import gradio as gr

from cslrkit.apis.inferencer import CSLRInferencer
from cslrkit.demo.clip_run import run_clip
from cslrkit.demo.limits import Limits
from cslrkit.demo.results_html import CSS, render_error, render_run
from cslrkit.demo.uploads import Uploads
from cslrkit.errors import CSLRKitError
from cslrkit.utils.messages import listed

MAX_WAITING = 8  # jobs in the queue
_UNUSED_AFTER = 30 * 60  # seconds after which an upload that nobody had recognized goes
_ONE_AT_A_TIME = 'recognize'
_PROGRESS = gr.Progress()  # Gradio gives a function with this default one of its own

_PLACEHOLDER = (
    '<div class="clip-run"><p class="facts">Glosses, their times, a plot and heat maps will be shown here.</p></div>'
)
_CSS = """
footer { display: none !important; }
#clip.unplayable:has(video)::after {
  content: "This browser cannot play the clip. It can still be recognized.";
  position: absolute; top: 40%; left: 1em; right: 1em; text-align: center; pointer-events: none;
}
/* Cutting would fetch a program from elsewhere. */
#clip button[aria-label*="rim video"] { display: none; }
"""
# Gradio calls it an error that the browser lacks a codec which the network's reader may well have.
_SCRIPT = """
<script>
for (const kind of ['error', 'loadstart']) document.addEventListener(kind, event => {
  const clip = event.target.closest && event.target.closest('#clip');
  if (!clip) return;
  clip.classList.toggle('unplayable', kind === 'error');
  if (kind === 'error') event.stopImmediatePropagation();
}, true);
</script>
"""
LOOK = dict(
    css=CSS + _CSS,
    head=_SCRIPT,
    # Fonts of the visitor's system: nothing is fetched from elsewhere.
    theme=gr.themes.Default(font=['system-ui', 'sans-serif'], font_mono=['ui-monospace', 'monospace']),
)


def build_app(
    inferencer: CSLRInferencer, *, uploads: Uploads, limits: Limits, model_name: str, examples: Sequence[Path] = ()
) -> gr.Blocks:
    """Build the page.

    Args:
        inferencer: The model.
        uploads: Over Gradio's folder of uploads.
        limits: What is allowed.
        model_name: How the page calls the model.
        examples: Videos that a visitor may choose instead of an upload.

    Returns:
        The page; launch it with ``**LOOK``.
    """

    def recognize(path: Optional[str], request: gr.Request, progress: Any = _PROGRESS) -> Tuple[Optional[str], str]:
        if path is None:
            return None, render_error(CSLRKitError('No clip yet. Upload or record one, or choose an example.'), '')
        uploads.hold(request.session_hash, path)
        try:
            return None, _run(path, progress, remark='The upload has been deleted.')
        finally:
            uploads.release(request.session_hash)

    def recognize_example(place: int, progress: Any = _PROGRESS) -> str:
        return _run(str(examples[place]), progress)

    def _run(path: str, progress: Any, *, remark: str = '') -> str:
        def report(done: float, what: str) -> None:
            progress(done, desc=what)

        try:
            run = run_clip(inferencer, path, limits=limits, report=report, scratch=uploads.folder)
        except CSLRKitError as error:
            return render_error(error, path)
        return render_run(run, remark=remark)

    def hold(path: Optional[str], request: gr.Request) -> None:
        uploads.hold(request.session_hash, path)

    def leave(request: gr.Request) -> None:
        uploads.release(request.session_hash)

    with gr.Blocks(
        title='Sign language to glosses',
        analytics_enabled=False,
        delete_cache=(60, _UNUSED_AFTER),
    ) as app:
        gr.Markdown(_introduction(inferencer, model_name, limits))
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                clip = gr.Video(
                    label='Clip',
                    sources=['upload', 'webcam'],
                    include_audio=False,
                    webcam_options=gr.WebcamOptions(mirror=False),  # signing has a left and a right
                    height=320,
                    elem_id='clip',
                )
                clip.preprocess = _path  # Gradio's own calls FFmpeg to take out sound that was never recorded
                start = gr.Button('Recognize', variant='primary', elem_id='recognize')
                chooser = _example_chooser(examples)
            with gr.Column(scale=3, min_width=300):
                results = gr.HTML(_PLACEHOLDER, elem_id='results', padding=True, min_height=160)
        job = dict(
            concurrency_limit=1, concurrency_id=_ONE_AT_A_TIME, api_visibility='private', show_progress_on=results
        )
        start.click(recognize, clip, [clip, results], **job)
        if chooser is not None:
            chooser.click(recognize_example, chooser, results, **job)
        clip.change(hold, clip, None, queue=False, api_visibility='private', show_progress='hidden')
        app.unload(leave)
    return app.queue(max_size=MAX_WAITING)


def _path(payload: Any) -> Optional[str]:
    return None if payload is None else payload.path


def _example_chooser(examples: Sequence[Path]) -> Optional[gr.Dataset]:
    if not examples:
        return None
    # Only the place in the list comes back from the browser, so no path can be made up there.
    return gr.Dataset(
        components=[gr.Textbox(visible=False)],
        samples=[[path.stem] for path in examples],
        type='index',
        label='Or an example',
        elem_id='examples',
    )


def _introduction(inferencer: CSLRInferencer, model_name: str, limits: Limits) -> str:
    glosses: List[str] = list(inferencer.model.vocab.glosses)
    return (
        '# Sign language to glosses\n\n'
        f'The network of `{model_name}` knows {len(glosses)} glosses: {escape(listed(glosses, 12))}. '
        f'Upload or record a clip of one signer, of at most {limits.max_seconds:g} seconds and '
        f'{limits.max_megabytes:g} MB. It is deleted as soon as it has been recognized.'
    )
