"""Which uploaded files are held for whom, so that each is removed when nobody needs it any more."""

import shutil
import threading
from pathlib import Path
from typing import Dict, Optional, Set, Union


class Uploads:
    """Files below one folder, each held by the browser sessions that uploaded it.

    Equal files of two sessions are one file on disk: it goes with the last of them.

    Args:
        folder: Where the files are; nothing outside of it is ever removed.
    """

    def __init__(self, folder: Union[str, Path]) -> None:
        self.folder = Path(folder).resolve()
        self._holders: Dict[Path, Set[str]] = {}
        self._lock = threading.Lock()

    def hold(self, session: str, path: Optional[str]) -> None:
        """Note that ``session`` now has the file ``path``, and no other one any more; None for no file."""
        kept = None if path is None else Path(path).resolve()
        with self._lock:
            self._let_go(session, kept)
            if kept is not None:
                self._holders.setdefault(kept, set()).add(session)

    def release(self, session: str) -> None:
        """Remove what only ``session`` had."""
        self.hold(session, None)

    def clear(self) -> None:
        """Remove the folder with all that is in it."""
        with self._lock:
            self._holders.clear()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _let_go(self, session: str, kept: Optional[Path]) -> None:
        for path in [path for path, holders in self._holders.items() if session in holders and path != kept]:
            self._holders[path].discard(session)
            if not self._holders[path]:
                del self._holders[path]
                self._remove(path)

    def _remove(self, path: Path) -> None:
        if self.folder not in path.parents:
            return
        path.unlink(missing_ok=True)
        # Each upload lies in a folder of its own, named by its content.
        if path.parent != self.folder and path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()
