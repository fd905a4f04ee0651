"""A result, or what was wrong with an upload, as HTML that holds everything in itself."""

import base64
from pathlib import Path
from typing import Any, Union

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cslrkit.demo.clip_run import ClipRun
from cslrkit.video.lettering import isolated, reads_right_to_left


def render_run(run: ClipRun) -> str:
    """Return a result: the sentence, a table, the plot and the video.

    Args:
        run: From :func:`~cslrkit.demo.run_clip`.
    """
    width = int.from_bytes(run.plot[16:20], 'big')  # of a PNG
    return _render(error=None, run=run, stem=Path(run.name).stem, plot_width=width)


def render_error(error: Exception, path: Union[str, Path]) -> str:
    """Return what was wrong with an upload; the file is called by its name, without the folder.

    Args:
        error: With a message for the user.
        path: The upload.
    """
    return _render(error=str(error).replace(str(path), Path(path).name))


def _render(**values: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(data_uri=_data_uri, isolated=isolated)
    environment.tests['right_to_left'] = reads_right_to_left
    return environment.get_template('results.html.j2').render(values)


def _data_uri(content: bytes, kind: str) -> str:
    return f'data:{kind};base64,{base64.b64encode(content).decode("ascii")}'
