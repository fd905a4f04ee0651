"""A page in the browser that recognizes the signing in a clip; needs ``cslrkit[demo]`` for the page alone."""

from cslrkit.demo.clip_run import ClipRun, run_clip
from cslrkit.demo.limits import LimitedVideo, Limits
from cslrkit.demo.results_html import render_error, render_run
from cslrkit.demo.uploads import Uploads

__all__ = ['ClipRun', 'LimitedVideo', 'Limits', 'Uploads', 'render_error', 'render_run', 'run_clip']
