"""Serving the demo: a private folder for uploads, no telemetry, and nothing left when it ends."""

import os
import signal
import tempfile
import threading
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

from cslrkit.demo.gate import Gate
from cslrkit.demo.limits import Limits
from cslrkit.demo.uploads import Uploads
from cslrkit.errors import CheckpointError, ConfigError
from cslrkit.video.video_writer import CODECS

_PREFIX = 'cslrkit-demo-'
_MAX_EXAMPLES = 6
_QUIET = {'GRADIO_ANALYTICS_ENABLED': 'False', 'HF_HUB_DISABLE_TELEMETRY': '1', 'HF_HUB_OFFLINE': '1'}


def find_examples(folder: Path) -> List[Path]:
    """Return the first videos of a folder, by name; none if there is no such folder."""
    return sorted(path for path in folder.glob('*') if path.suffix.lower() in CODECS)[:_MAX_EXAMPLES]


def serve(
    checkpoint: Union[str, Path],
    *,
    device: Optional[str] = None,
    host: str = '127.0.0.1',
    port: int = 7860,
    share: bool = False,
    limits: Optional[Limits] = None,
    examples: Sequence[Path] = (),
) -> None:
    """Serve the demo until the process is told to end (Ctrl-C, SIGTERM); call it from the main thread.

    Args:
        checkpoint: A checkpoint, or a work directory.
        device: E.g. ``'cuda:0'``; by default a GPU if there is one.
        host: Address to listen at; the default is reached from this machine alone.
        port: Its port.
        share: Whether Gradio's servers give the page a public address for a week.
        limits: On uploads.
        examples: Videos that visitors may choose.

    Raises:
        CheckpointError: If there is no such checkpoint, or it cannot be used.
        ConfigError: If Gradio is not installed, or the port is taken.
    """
    if not Path(checkpoint).exists():
        raise CheckpointError(
            f"checkpoint: '{checkpoint}' does not exist, looked for from '{os.getcwd()}'. Run 'make quickstart', which "
            'trains a small network on a synthetic corpus (minutes on a CPU), or name another with --checkpoint.'
        )
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))  # readable by this user alone
    uploads = Uploads(folder)
    ended = threading.Event()
    before = {each: signal.signal(each, lambda *_: ended.set()) for each in (signal.SIGINT, signal.SIGTERM)}
    app: Any = None
    try:
        os.environ.update({**_QUIET, 'GRADIO_TEMP_DIR': str(folder)})  # before Gradio is imported
        address = dict(server_name=host, server_port=port, share=share)
        app = _launch(checkpoint, device, address, uploads=uploads, limits=limits or Limits(), examples=examples)
        print(f'The demo is at {app.share_url or app.local_url}  (Ctrl-C ends it)', flush=True)
        ended.wait()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if app is not None:
            app.close(verbose=False)
        uploads.clear()


def _launch(checkpoint: Union[str, Path], device: Optional[str], address: Dict[str, Any], **options: Any) -> Any:
    try:
        from starlette.middleware import Middleware

        from cslrkit.demo.app import LAUNCH, build_app
    except ImportError as error:
        raise ConfigError(
            f"the demo needs Gradio ({error}). pip install 'cslrkit[demo]' (Python 3.10 or newer)."
        ) from error
    from cslrkit.apis import CSLRInferencer

    limits, folder = options['limits'], options['uploads'].folder
    gate = dict(middleware=[Middleware(Gate, folder=folder, limits=limits)])
    app = build_app(CSLRInferencer(checkpoint, device=device), model_name=Path(checkpoint).name, **options)
    try:
        app.launch(**address, max_file_size=limits.max_bytes, app_kwargs=gate, **LAUNCH)
    except OSError as error:
        raise ConfigError(
            f'the demo cannot listen at {address["server_name"]}:{address["server_port"]} ({error}). '
            'Choose another with --port.'
        ) from error
    return app
