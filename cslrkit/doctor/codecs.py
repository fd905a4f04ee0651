"""Checks that images and videos can be read and written."""

import tempfile
from pathlib import Path

from cslrkit.doctor.check import Checkup, FailedCheckError, Found, SkippedCheckError

_REINSTALL = 'Reinstall OpenCV: `pip install --force-reinstall opencv-python-headless`.'
_VIDEO_KINDS = (('MJPG', '.avi'), ('mp4v', '.mp4'))
_TOLERANCE = 12  # grey levels that lossy compression may change a flat area by


def check_codecs(checkup: Checkup, *, has_opencv: bool) -> None:
    """Check PNG, JPEG and video."""
    checks = (('PNG images', _png), ('JPEG images', _jpeg), ('videos', _video))
    for name, check in checks:
        if has_opencv:
            checkup.run(name, check)
        else:
            checkup.skip(name, 'needs OpenCV')


def _png() -> Found:
    import numpy as np

    picture = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    if not np.array_equal(_through('.png', picture), picture):
        raise FailedCheckError('a picture changes when it is written and read', _REINSTALL)
    return Found('written and read without loss')


def _jpeg() -> Found:
    import numpy as np

    picture = np.empty((32, 48, 3), dtype=np.uint8)
    picture[:] = (200, 120, 40)
    change = int(np.abs(_through('.jpg', picture).astype(int) - picture).max())
    if change > _TOLERANCE:
        raise FailedCheckError(f'a picture changes by {change} grey levels when it is written and read', _REINSTALL)
    return Found('written and read')


def _through(suffix: str, picture):
    import cv2

    done, content = cv2.imencode(suffix, picture)
    read = cv2.imdecode(content, cv2.IMREAD_COLOR) if done else None
    if read is None:
        raise FailedCheckError(f'OpenCV cannot {"read" if done else "write"} {suffix} files', _REINSTALL)
    return read


def _video() -> Found:
    import cv2
    import numpy as np

    size, levels = (64, 48), (30, 90, 150, 210)
    with tempfile.TemporaryDirectory() as folder:
        for kind, suffix in _VIDEO_KINDS:
            path = str(Path(folder) / f'tiny{suffix}')
            writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*kind), 25.0, size)
            if not writer.isOpened():
                continue
            for level in levels:
                writer.write(np.full((size[1], size[0], 3), level, dtype=np.uint8))
            writer.release()
            capture = cv2.VideoCapture(path)
            means = []
            while True:
                more, frame = capture.read()
                if not more:
                    break
                means.append(float(frame.mean()))
            capture.release()
            if len(means) != len(levels) or max(abs(m - v) for m, v in zip(means, levels)) > _TOLERANCE:
                raise FailedCheckError(
                    f'{len(levels)} frames were written as {kind}, {len(means)} came back with mean grey levels '
                    f'{[round(m) for m in means]}, expected {list(levels)}',
                    f'{_REINSTALL} Folders of images can be used instead of videos.',
                )
            return Found(f'{len(levels)} frames written and read ({kind}{suffix})')
    raise SkippedCheckError('OpenCV cannot write a video here, so reading was not tried; folders of images can be used')
