"""An environment without MediaPipe: its Python runs ``fake_keypoint_worker.py`` whatever it is given."""

import shlex
import sys
from pathlib import Path

WORKER = Path(__file__).with_name('fake_keypoint_worker.py')


def make_fake_environment(folder):
    """Make it and return its folder."""
    python = Path(folder, 'bin', 'python')
    python.parent.mkdir(parents=True, exist_ok=True)
    # It is called with -I, a script and the name of a layout; or with -I -m pip.
    python.write_text(
        f'#!/bin/sh\n[ "$2" = -m ] && exit\nexec {shlex.quote(sys.executable)} -I {shlex.quote(str(WORKER))} "$3"\n'
    )
    python.chmod(0o755)
    Path(folder, 'pyvenv.cfg').touch()
    return Path(folder)
