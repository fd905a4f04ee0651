"""Keypoints of frames by MediaPipe holistic; run by the Python of another environment, so it imports no cslrkit.

Its argument is the name of a layout. It writes a line of JSON, ``{"layout", "num_points", "extractor"}`` or
``{"error"}``. Then it answers frames until its input ends. A frame is its height, its width and whether a clip begins
with it, three unsigned 32-bit numbers, and the pixels, uint8 RGB (H, W, 3). The answer is float32 (K, 3): x and y in
pixels, and score; zeros for what was not found. All numbers are little-endian.
"""

import json
import os
import struct
import sys
from typing import Any

import numpy as np

FACES = {'mediapipe543': 468, 'mediapipe553': 478}  # points; with irises


def main() -> None:
    """Answer frames until there are no more."""
    layout = sys.argv[1]
    out = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)  # what libraries print is no answer
    if layout not in FACES:
        _say(out, error=f"MediaPipe gives the layouts {' and '.join(FACES)}, not '{layout}'")
        return
    os.environ.update(GLOG_minloglevel='2', TF_CPP_MIN_LOG_LEVEL='2')
    import mediapipe

    if not hasattr(mediapipe, 'solutions'):
        _say(out, error=f'MediaPipe {mediapipe.__version__} has no holistic solution any more, 0.10.21 has')
        return
    holistic = mediapipe.solutions.holistic.Holistic(refine_face_landmarks=layout == 'mediapipe553')
    num_points = 33 + FACES[layout] + 42
    _say(out, layout=layout, num_points=num_points, extractor=f'MediaPipe {mediapipe.__version__} holistic')
    while True:
        header = sys.stdin.buffer.read(12)
        if len(header) < 12:
            return
        height, width, begins = struct.unpack('<III', header)
        pixels = sys.stdin.buffer.read(height * width * 3)
        if begins:
            holistic.reset()
        found = holistic.process(np.frombuffer(pixels, np.uint8).reshape(height, width, 3))
        out.write((_points(found, FACES[layout]) * np.float32((width, height, 1))).astype('<f4').tobytes())
        out.flush()


def _say(out: Any, **content: Any) -> None:
    out.write(json.dumps(content).encode() + b'\n')
    out.flush()


def _points(found: Any, face: int) -> np.ndarray:
    """Return x and y as parts of the picture and score, (K, 3): body, face, left hand, right hand."""
    parts = []
    for name, count in (('pose', 33), ('face', face), ('left_hand', 21), ('right_hand', 21)):
        landmarks = getattr(found, f'{name}_landmarks')
        rows = np.zeros((count, 3), np.float32)
        if landmarks is not None:
            # Only points of the body have a score of their own.
            rows[:] = [(point.x, point.y, point.visibility if name == 'pose' else 1.0) for point in landmarks.landmark]
        parts.append(rows)
    return np.concatenate(parts)


if __name__ == '__main__':
    main()
