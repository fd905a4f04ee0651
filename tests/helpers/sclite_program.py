"""Runs NIST's sclite (Debian: package sctk) on two files."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

_PLACES = ('/usr/lib/sctk/bin/sclite',)
SCLITE = shutil.which('sclite') or next((place for place in _PLACES if Path(place).is_file()), None)
needs_sclite = pytest.mark.skipif(SCLITE is None, reason='sclite is not installed (Debian: apt-get install sctk)')


def run_sclite(folder, ref, hyp):
    """Counts of correct, substituted, deleted and inserted words of each sentence in order, and the output's lines."""
    command = [SCLITE, '-h', hyp, 'ctm', '-r', ref, 'stm', '-f', '0', '-o', 'pralign', 'dtl', 'stdout']
    output = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout.decode('utf-8', 'replace')
    printed = re.findall(r'Scores: \(#C #S #D #I\) (\d+) (\d+) (\d+) (\d+)', output)
    return [tuple(map(int, counts)) for counts in printed], output.splitlines()
