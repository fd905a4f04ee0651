"""From videos to files of keypoints: each video once, by a pool of processes, on record in a manifest."""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable, Optional, Sequence, Union

from cslrkit.apis.archive import ArchiveReport, do_archive
from cslrkit.apis.archive_manifest import Entry
from cslrkit.apis.archive_pool import Job, Video
from cslrkit.apis.checkpoints import sha256_of
from cslrkit.video.clip import Clip
from cslrkit.video.keypoints.clip import ExtractedClip
from cslrkit.video.keypoints.extractor import KeypointExtractor
from cslrkit.video.keypoints.keypoints import Keypoints
from cslrkit.video.keypoints.overlay import write_overlay
from cslrkit.video.keypoints.store import write_keypoints


def extract_keypoints(
    inputs: Sequence[Union[str, Path]],
    out_dir: Union[str, Path],
    *,
    python: Union[str, Path],
    layout: str = 'mediapipe543',
    worker: Optional[Union[str, Path]] = None,
    overlay: bool = False,
    workers: int = 1,
    frame_rate: Optional[float] = None,
    retry: bool = False,
    progress: bool = False,
) -> ArchiveReport:
    """Find the keypoints of each video once and write ``NAME.npy`` and ``NAME.json``, all its frames.

    A later call does what is missing, has changed, or was made by another extractor or with other settings;
    ``manifest.jsonl`` tells, as docs/archives.md describes it.

    Args:
        inputs: Videos, folders of frames, or patterns of these.
        out_dir: Folder of the manifest and of the files.
        python: As for :class:`~cslrkit.video.keypoints.extractor.KeypointExtractor`.
        layout: Name of the layout.
        worker: As there.
        overlay: Whether to write ``overlay/NAME.mp4`` as well, the video with its points.
        workers: Processes, each with an extractor of its own.
        frame_rate: Frames per second of inputs that do not say.
        retry: Whether videos that failed before are tried again.
        progress: Whether to show progress on stderr.

    Raises:
        ConfigError: If the extractor cannot be used, or for other settings that cannot be.
        DataError: If the manifest cannot be read.
        OutputError: If something cannot be written; what was written before stays.
    """
    with KeypointExtractor(python, layout, worker=worker) as extractor:  # what is wrong is told before all else
        made_by = dict(extractor=extractor.name, settings=dict(layout=layout, overlay=overlay, rate=frame_rate))
    job = Extraction(python, layout, worker, overlay)
    options = dict(workers=workers, frame_rate=frame_rate, retry=retry, progress=progress)
    return do_archive(inputs, out_dir, job, made_by, **options)


@dataclass(frozen=True)
class Extraction(Job):
    """Finds the keypoints of each video and writes them."""

    python: Union[str, Path]
    layout: str
    worker: Optional[Union[str, Path]]
    overlay: bool

    def begin(self, device: Optional[str]) -> Callable[[Video, Clip], Entry]:
        """Start an extractor, which ends with this process."""
        return partial(self._extract, KeypointExtractor(self.python, self.layout, worker=self.worker))

    def _extract(self, extractor: KeypointExtractor, video: Video, clip: Clip) -> Entry:
        extracted = ExtractedClip(clip, extractor)
        keypoints = extracted.keypoints()
        folder, name, rate = video.folder.parent, video.name, keypoints.frame_rate
        write_keypoints(folder, name, {name: keypoints}, layout=keypoints.layout, frame_rate=rate)
        files = [folder / f'{name}{suffix}' for suffix in ('.npy', '.json')]
        if self.overlay:
            files.append(_write_overlay(video.opener(), keypoints, folder / 'overlay' / f'{name}.mp4'))
        checksums = {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}
        return dict(frames=len(keypoints), notes=extracted.notes, files=checksums)


def _write_overlay(clip: Clip, keypoints: Keypoints, path: Path) -> Path:
    """Write the video beside its place and move it there."""
    part = path.with_name(f'.{path.stem}.part.mp4')
    try:
        write_overlay(clip, keypoints, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path
