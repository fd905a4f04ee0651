"""Checks of an installation, a config, its data and a checkpoint: what ``tools/doctor.py`` runs.

Nothing but the standard library is imported here, so that a broken installation can be told.
"""

from cslrkit.doctor.check import Check, Checkup
from cslrkit.doctor.run import diagnose

__all__ = ['Check', 'Checkup', 'diagnose']
