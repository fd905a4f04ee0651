"""The page, made with Gradio."""

from html import escape
from pathlib import Path
from typing import Any, Optional, Sequence

import gradio as gr
from gradio.processing_utils import save_file_to_cache

from cslrkit.apis.inferencer import CSLRInferencer
from cslrkit.demo.clip_run import run_clip
from cslrkit.demo.limits import Limits
from cslrkit.demo.results_html import render_error, render_run
from cslrkit.demo.uploads import Uploads
from cslrkit.errors import CSLRKitError
from cslrkit.utils.messages import listed, plural

_HERE = Path(__file__).parent

_MAX_WAITING = 8  # jobs in the queue
_UNUSED_AFTER = 30 * 60  # seconds after which an upload goes
_PROGRESS = gr.Progress()  # Gradio gives a function with this default one of its own

_PLACEHOLDER = (
    '<div class="clip-run"><p class="facts">Glosses, their times, a plot and heat maps will be shown here.</p></div>'
)
_NO_CAMERA = (
    '<p class="no-camera">Browsers give a page the camera over HTTPS or at localhost only. Upload a clip instead.</p>'
)
# Nothing is fetched from elsewhere: fonts are those of the visitor's system.
LAUNCH = dict(
    css_paths=_HERE / 'page.css',
    head_paths=_HERE / 'head.html',
    theme=gr.themes.Default(font=['system-ui', 'sans-serif'], font_mono=['ui-monospace', 'monospace']),
    allowed_paths=[],
    quiet=True,
    show_error=False,
    prevent_thread_lock=True,
    run_history=False,
    enable_monitoring=False,
    ssr_mode=False,
    footer_links=[],
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
        The page; launch it with ``**LAUNCH``.
    """

    def recognize(path: Optional[str], percent: float, progress: Any = _PROGRESS) -> str:
        if path is None:
            return render_error(CSLRKitError('No clip yet. Upload or record one, or choose an example.'), '')
        options = dict(limits=limits, report=progress, scratch=uploads.folder, min_confidence=percent / 100)
        try:
            return render_run(run_clip(inferencer, path, **options))
        except CSLRKitError as error:
            return render_error(error, path)

    def choose(place: int, request: gr.Request) -> str:
        path = save_file_to_cache(examples[place], cache_dir=str(uploads.folder))
        uploads.hold(request.session_hash, path)
        return path

    def hold(path: Optional[str], request: gr.Request) -> None:
        uploads.hold(request.session_hash, path)

    def leave(request: gr.Request) -> None:
        uploads.release(request.session_hash)

    with gr.Blocks(title='Sign language to glosses', analytics_enabled=False, delete_cache=(60, _UNUSED_AFTER)) as app:
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
                # Gradio's own call FFmpeg, to take out sound that was never recorded and to convert what browsers lack.
                clip.preprocess = lambda payload: None if payload is None else payload.path
                clip.postprocess = lambda path: (
                    None if path is None else gr.FileData(path=path, orig_name=Path(path).name)
                )
                gr.HTML(_NO_CAMERA)
                percent = gr.Slider(
                    0,
                    95,
                    0,
                    step=5,
                    label='Least confidence (%)',
                    info='Glosses below it are left out.',
                    elem_id='least',
                )
                start = gr.Button('Recognize', variant='primary', elem_id='recognize')
                # Only the place in the list comes back from the browser, so no path can be made up there.
                chooser = gr.Dataset(
                    components=[gr.Textbox(visible=False)],
                    samples=[[path.stem] for path in examples],
                    type='index',
                    label='Or an example',
                    elem_id='examples',
                    visible=bool(examples),
                )
            with gr.Column(scale=3, min_width=300):
                results = gr.HTML(_PLACEHOLDER, elem_id='results', padding=True, min_height=160)
        # One clip at a time.
        job = dict(concurrency_limit=1, concurrency_id='clip', api_visibility='private', show_progress_on=results)
        at_once = dict(queue=False, api_visibility='private', show_progress='hidden')
        start.click(recognize, [clip, percent], results, **job)
        chooser.click(choose, chooser, clip, **at_once)
        clip.change(hold, clip, None, **at_once)
        app.unload(leave)
    return app.queue(max_size=_MAX_WAITING)


def _introduction(inferencer: CSLRInferencer, model_name: str, limits: Limits) -> str:
    glosses = inferencer.model.vocab.glosses
    return (
        '# Sign language to glosses\n\n'
        f'The network of `{model_name}` knows {plural(len(glosses), "gloss")}: {escape(listed(glosses, 12))}. '
        f'Upload or record a clip of one signer, of at most {limits.max_seconds:g} seconds and '
        f'{limits.max_megabytes:g} MB. '
        'It is deleted when you take another one or leave the page, and after half an hour.'
    )
