"""Keypoints drawn onto the frames that they were found in."""

from pathlib import Path

import cv2
import numpy as np

from cslrkit.errors import DataError
from cslrkit.structures.keypoint_layout import KeypointLayout
from cslrkit.video.clip import Clip
from cslrkit.video.keypoints.keypoints import Keypoints
from cslrkit.video.video_writer import VideoWriter

MIN_HEIGHT = 480  # pixels of the video: smaller frames are enlarged a whole number of times
MIN_SCORE = 0.3  # of points that are drawn
# Later parts lie on top.
_COLOURS = {'face': (120, 200, 255), 'body': (255, 214, 64), 'left_hand': (90, 230, 90), 'right_hand': (255, 90, 90)}
_FINGERS = [(0, *range(first, first + 4)) for first in range(1, 21, 4)]  # positions in a hand, from the wrist


def draw_points(image: np.ndarray, points: np.ndarray, layout: KeypointLayout) -> np.ndarray:
    """Return an RGB frame with its points, enlarged if it is small; the signer's left hand is green, the right one red.

    Args:
        image: uint8 (H, W, 3).
        points: x and y in pixels of the frame, and score, (K, 3).
        layout: What they are.
    """
    factor = max(1, -(-MIN_HEIGHT // image.shape[0]))
    picture = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    places = np.round((points[:, :2] + 0.5) * factor).astype(int)
    seen = points[:, 2] >= MIN_SCORE
    for part, colour in _COLOURS.items():
        positions = layout.parts.get(part, ())
        radius = 1 if part == 'face' else max(2, picture.shape[0] // 200)
        if part.endswith('hand'):
            for finger in _FINGERS:
                joints = [positions[joint] for joint in finger if seen[positions[joint]]]
                cv2.polylines(picture, [places[joints].reshape(-1, 1, 2)], False, colour, 1, cv2.LINE_AA)
        for position in positions:
            if seen[position]:
                cv2.circle(picture, tuple(map(int, places[position])), radius, colour, -1, cv2.LINE_AA)
    return picture


def write_overlay(clip: Clip, keypoints: Keypoints, path: Path) -> None:
    """Write the frames of a clip as a video with its keypoints on them; the clip is read once more.

    Raises:
        DataError: If it has another number of frames than its keypoints.
        OutputError: If the file cannot be written.
    """
    rate = clip.frame_rate or keypoints.frame_rate or 25.0
    writer, count = VideoWriter(path, rate), 0
    try:
        for frame in clip.frames():
            count += 1
            if count > len(keypoints):
                break
            writer.write(draw_points(frame.image, keypoints.values[frame.index], keypoints.layout), frame.time)
    finally:
        writer.close()
    if count != len(keypoints):
        raise DataError(f"'{clip.source}' has not the {len(keypoints)} frames that its keypoints are of.")
