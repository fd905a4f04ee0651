"""Which uploaded file is held for whom, so that it is removed when nobody needs it any more."""

import shutil
import threading
from pathlib import Path
from typing import Dict, Optional, Union


class Uploads:
    """Files below one folder, at most one for each browser session.

    Equal files of two sessions are one file on disk: it goes with the last of them.

    Args:
        folder: Where the files are; nothing outside of it is ever removed.
    """

    def __init__(self, folder: Union[str, Path]) -> None:
        self.folder = Path(folder).resolve()
        self._held: Dict[str, Path] = {}
        self._lock = threading.Lock()

    def hold(self, session: str, path: Optional[str]) -> None:
        """Note that ``session`` now has the file ``path``, and no other one any more; None for no file."""
        with self._lock:
            before = self._held.pop(session, None)
            if path is not None:
                self._held[session] = Path(path).resolve()
            if before is not None and before not in self._held.values() and self.folder in before.parents:
                before.unlink(missing_ok=True)
                # Each upload lies in a folder of its own, named by its content.
                if before.parent != self.folder and before.parent.is_dir() and not any(before.parent.iterdir()):
                    before.parent.rmdir()

    def release(self, session: str) -> None:
        """Remove what only ``session`` had."""
        self.hold(session, None)

    def clear(self) -> None:
        """Remove the folder with all that is in it."""
        with self._lock:
            self._held.clear()
            shutil.rmtree(self.folder, ignore_errors=True)
