"""What is on record of an archive's videos, and whether it still holds."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Dict, List, Optional

from cslrkit.apis.checkpoints import sha256_of
from cslrkit.errors import DataError
from cslrkit.utils.files import append_text, write_atomically
from cslrkit.utils.plain_json import parse_json

NAME = 'manifest.jsonl'
Entry = Dict[str, Any]  # a line of it


class Manifest:
    """A file with a line of JSON for each video; of several lines for one the last counts.

    Args:
        folder: Where it is, or will be.

    Raises:
        DataError: If it cannot be read.
        OutputError: If it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        path = self._path = folder / NAME
        self.entries: Dict[str, Entry] = {}
        self.names = {NAME}  # taken, in lower case
        text = path.read_text(encoding='utf-8', errors='replace') if path.exists() else ''
        # A run that was broken off, or a full disk, leaves a part of a line at the end, which no line feed follows.
        for number, row in enumerate(text.split('\n')[:-1], start=1):
            try:
                entry = parse_json(row)
                self.entries[entry['source']] = entry
                self.names.add(entry['name'].casefold())
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise DataError(
                    f"manifest: '{path}' line {number} is no record of a video ({error}). Delete the line; its video "
                    'is recognized again.'
                ) from error
        write_atomically(path, ''.join(map(_row, self.entries.values())))

    def free_name(self, name: str) -> str:
        """Return ``name``, or ``name_2``, ``name_3`` where videos have those before it; it is taken then."""
        taken, number = name, 1
        while taken.casefold() in self.names:
            number += 1
            taken = f'{name}_{number}'
        self.names.add(taken.casefold())
        return taken

    def add(self, entry: Entry) -> None:
        """Add a line.

        Raises:
            OutputError: If it cannot be written.
        """
        append_text(self._path, _row(entry))


def state_of(source: str) -> Dict[str, Any]:
    """Return size in bytes and time of the last change in nanoseconds, of a folder those of its files together."""
    try:
        stats = [os.stat(path) for path in _files(source)]
    except OSError:  # the worker that reads it says why
        stats = []
    return dict(size=sum(each.st_size for each in stats), mtime_ns=max((each.st_mtime_ns for each in stats), default=0))


def checksum_of(source: str) -> Optional[str]:
    """Return the SHA-256 of a file, and of a folder that of the lines which ``sha256sum *`` prints there."""
    if not os.path.isdir(source):
        return sha256_of(source) if os.path.exists(source) else None
    lines = [f'{sha256_of(path)}  {os.path.basename(path)}\n' for path in _files(source)]
    return hashlib.sha256(''.join(lines).encode('utf-8')).hexdigest()


def is_current(entry: Entry, before: Entry, out_dir: Path) -> bool:
    """Whether a line of the manifest holds: made from the same in the same way, and its files are there."""
    if any(before.get(key) != value for key, value in entry.items() if key != 'mtime_ns'):
        return False
    if before['mtime_ns'] != entry['mtime_ns']:
        try:
            if before['sha256'] != checksum_of(entry['source']):
                return False
        except OSError:
            return False
    return all((out_dir / path).is_file() for path in before.get('files', ()))


def _row(entry: Entry) -> str:
    return json.dumps(entry) + '\n'


def _files(source: str) -> List[str]:
    if os.path.isdir(source):
        return sorted(entry.path for entry in os.scandir(source) if entry.is_file())
    return [source] if os.path.exists(source) else []
