"""Checks of an installation, a config, its data and a checkpoint: what ``tools/doctor.py`` runs.

Nothing but the standard library is imported here, so that a broken installation can be told.
"""

from typing import Any, Callable, List, Optional, Sequence

from cslrkit.doctor.check import Check, Checkup
from cslrkit.doctor.installation import check_installation
from cslrkit.doctor.project import check_checkpoint, check_project, check_work_dir

__all__ = ['Check', 'Checkup', 'diagnose']

# What reading a config, data and a model takes.
_NEEDED = ('numpy', 'torch', 'torchvision', 'mmengine', 'mmcv-lite', 'opencv-python', 'Pillow', 'av')


def diagnose(
    config: Optional[str] = None,
    *,
    checkpoint: Optional[str] = None,
    options: Sequence[str] = (),
    work_dir: Optional[str] = None,
    show: Callable[[str], Any] = print,
) -> List[Check]:
    """Check the installation and, if they are given, a config with its data and a checkpoint.

    Nothing is written but a small temporary video.

    Args:
        config: Config file.
        checkpoint: A checkpoint, or a work directory, whose best one is taken.
        options: What changes the config, each ``'KEY=VALUE'``.
        work_dir: Where a run would write; the config's by default.
        show: Called with the text of each check as soon as it is known.

    Returns:
        All checks.
    """
    checkup = Checkup(show)
    usable = check_installation(checkup)
    broken = [name for name in _NEEDED if not usable[name]]
    if broken and (config or checkpoint):
        checkup.skip('config' if config else 'checkpoint', f'needs {", ".join(broken)}')
    elif config:
        check_project(checkup, config, options=options, work_dir=work_dir, checkpoint=checkpoint)
    else:
        checkup.run('work dir', check_work_dir, work_dir or 'work_dirs')
        if checkpoint:
            checkup.run('checkpoint', check_checkpoint, checkpoint)
    return checkup.checks
