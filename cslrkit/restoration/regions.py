"""Where hands, face and mouth are in the frames of a clip, and crops of them."""

from typing import Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from cslrkit.errors import DataError
from cslrkit.utils.checks import one_of
from cslrkit.video.keypoints import Keypoints

Box = Tuple[int, int, int, int]  # left, top, right, bottom in pixels, without the last column and row

HANDS = ('left_hand', 'right_hand')
NAMES = ('hands', *HANDS, 'face', 'mouth')
# A box's side: so many times what the points span, as a hand is wider than its joints and a head than its features.
_MARGIN = 1.4
_MULTIPLE = 8  # pixels: sides are whole blocks, as JPEG and networks need
# Without keypoints a signer fills the picture as in broadcasts: a hand or a head is this part of the shorter side.
_PART = 0.3
# A second hand moves at least this part of what the first one does; else it rests.
_MOVES = 0.25
# In values of pixels (0 to 255): the backdrop of a studio differs from itself by less than this.
_DIFFERS = 24


def find_regions(
    frames: np.ndarray, keypoints: Optional[Keypoints] = None, names: Sequence[str] = ('hands', 'face')
) -> List[Dict[str, Box]]:
    """Return the boxes of regions in each frame of a clip.

    A box is a square inside of the picture. Its side is the same in all frames of a clip, and for both hands; it is a
    multiple of 8 pixels unless the picture is smaller. Boxes of the two hands that would overlap move apart, so that
    each can be changed by itself. A region that is not seen in a frame has no box there.

    With keypoints, a box lies around the points that were found. Without, hands are the two places that move most in a
    frame, and the face is the top of what stands before the backdrop: a guess for one signer in a studio.

    Args:
        frames: The clip, also a degraded one, uint8 (T, H, W, 3).
        keypoints: Of the same frames; their picture may have another size.
        names: ``'left_hand'``, ``'right_hand'`` (of the signer; without keypoints the one on the right of the picture
            is the left one), ``'hands'`` for both of them, ``'face'``, ``'mouth'``.

    Returns:
        For each frame the boxes (left, top, right, bottom) by name, ``'hands'`` as ``'left_hand'`` and
        ``'right_hand'``.

    Raises:
        ConfigError: For another name, or a part that the layout of the keypoints does not have.
        DataError: For keypoints of another number of frames, or a mouth without keypoints.
    """
    parts = [part for name in names for part in (HANDS if one_of('regions', name, NAMES) == 'hands' else (name,))]
    parts = list(dict.fromkeys(parts))
    size = np.array(frames.shape[2:0:-1])
    if keypoints is None:
        middles, sides = _by_motion(frames, parts)
    elif len(keypoints) != len(frames):
        raise DataError(
            f'regions: got {len(frames)} frames, but keypoints of {len(keypoints)}. Give those of the same clip.'
        )
    else:
        middles, sides = _by_points(keypoints, parts, size)
    found: List[Dict[str, Box]] = [{} for _ in frames]
    for number, boxes in enumerate(found):
        corners = {}
        for part in parts:
            # Two hands fit into the picture beside each other.
            most = size.min() // 2 if part in HANDS else size.min()
            side = min(-(-sides[part] // _MULTIPLE), most // _MULTIPLE) * _MULTIPLE or most
            middle = middles[part][number]
            if np.isfinite(middle).all():
                corners[part] = np.clip(np.rint(middle - side / 2), 0, size - side), side
        if set(HANDS) <= set(corners):
            _move_apart(*(corners[hand][0] for hand in reversed(HANDS)), corners[HANDS[0]][1], size)
        for part, (corner, side) in corners.items():
            left, top = corner.astype(int).tolist()
            boxes[part] = (left, top, left + int(side), top + int(side))
    return found


def crop(image: np.ndarray, box: Box, size: int) -> np.ndarray:
    """Return the part of an image (H, W, 3) inside of a box, resized to uint8 (size, size, 3)."""
    left, top, right, bottom = box
    return _resized(image[top:bottom, left:right], (size, size))


def paste(image: np.ndarray, crop: np.ndarray, box: Box) -> np.ndarray:
    """Return a copy of an image with a crop in the place of a box; outside of it all bytes stay.

    The crop fades into the image over the outermost sixteenth of the box, on each side of it.

    Args:
        image: uint8 (H, W, 3).
        crop: uint8 (h, w, 3), of any size.
        box: Left, top, right, bottom in pixels.
    """
    left, top, right, bottom = box
    shape = (bottom - top, right - left)
    weights = np.outer(*(_ramp(length) for length in shape))[..., None]
    below = image[top:bottom, left:right].astype(np.float32)
    pasted = image.copy()
    pasted[top:bottom, left:right] = np.rint(below + weights * (_resized(crop, shape) - below))
    return pasted


def _move_apart(one: np.ndarray, other: np.ndarray, side: float, size: np.ndarray) -> None:
    """Move the corners of two squares of a side, in place, until they do not overlap, within a picture of a size."""
    common = side - np.abs(other - one)
    axis = int(common.argmin())
    if common[axis] <= 0:
        return
    first, last = (one, other) if one[axis] <= other[axis] else (other, one)
    middle = np.clip((first[axis] + last[axis] + side) // 2, side, size[axis] - side)
    first[axis], last[axis] = middle - side, middle


def _ramp(length: int) -> np.ndarray:
    """Weights along a side, float32: up to 1 over a sixteenth of it, and down again."""
    places = np.arange(length) + 1
    return np.minimum(1, np.minimum(places, places[::-1]) / (length // 16 + 1)).astype(np.float32)


def _resized(image: np.ndarray, shape: Tuple[int, int]) -> np.ndarray:
    if image.shape[:2] == shape:
        return image.copy()
    smaller = shape[0] < image.shape[0]
    return cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


def _by_points(keypoints: Keypoints, parts: Sequence[str], size: np.ndarray) -> Tuple[Dict, Dict]:
    """Middles (T, 2), NaN where nothing was found, and sides in pixels of boxes around keypoints, by part."""
    middles, sides = {}, {}
    for part in parts:
        values = keypoints.values[:, keypoints.layout.positions([part])]
        seen = (values[..., 2:] > 0) & np.ones(2, bool)
        points = values[..., :2] * (size / keypoints.image_size)
        first = np.where(seen, points, np.inf).min(1)
        last = np.where(seen, points, -np.inf).max(1)
        found = np.isfinite(first)
        first, last = np.where(found, first, np.nan), np.where(found, last, np.nan)
        middles[part] = (first + last) / 2
        spans = (last - first)[found.all(1)]
        sides[part] = _MARGIN * spans.max() if len(spans) else 0
    for part in set(parts) & set(HANDS):
        sides[part] = max(sides[hand] for hand in HANDS if hand in sides)
    return middles, sides


def _by_motion(frames: np.ndarray, parts: Sequence[str]) -> Tuple[Dict, Dict]:
    """As :func:`_by_points`, from how the frames differ from their median, and that from its upper left corner."""
    if 'mouth' in parts:
        raise DataError("regions: 'mouth' needs keypoints, without which hands and face alone are found.")
    side = _PART * min(frames.shape[1:3])
    usual = np.median(frames, 0)
    middles = {'face': np.repeat(_head(usual, side)[None], len(frames), 0)}
    usual = usual.mean(-1, dtype=np.float32)
    hands = np.array([_moving(np.abs(frame.mean(-1, dtype=np.float32) - usual), side) for frame in frames])
    middles.update({hand: hands[:, place] for place, hand in enumerate(HANDS)})
    return middles, dict.fromkeys(parts, side)


def _moving(motion: np.ndarray, side: float) -> np.ndarray:
    """Return the middles of the left hand and the right one, (2, 2), from how much each pixel moves."""
    motion = cv2.GaussianBlur(motion, (0, 0), side / 4)
    apart = int(0.75 * side)
    most, found = [], np.full((2, 2), np.nan)
    for _ in HANDS:
        y, x = np.unravel_index(motion.argmax(), motion.shape)
        most.append((motion[y, x], x, y))
        motion[max(0, y - apart) : y + apart, max(0, x - apart) : x + apart] = 0
    places = [(x, y) for value, x, y in most if value >= max(1, _MOVES * most[0][0])]
    if len(places) == 1:
        found[int(places[0][0] < motion.shape[1] / 2)] = places[0]
    elif places:
        found[:] = sorted(places, reverse=True)
    return found


def _head(usual: np.ndarray, side: float) -> np.ndarray:
    """Return the middle (2,) of the head in the median of frames: of the uppermost figure before the backdrop."""
    backdrop = np.median(usual[:, : max(1, usual.shape[1] // 16)], (0, 1))
    figure = np.abs(usual - backdrop).max(-1) > _DIFFERS
    filled = figure.sum(1) >= side / 5
    if not filled.any():
        return np.full(2, np.nan)
    # Blur that wraps around brings the bottom of a frame to its top: the head begins below the last row without any.
    empty = np.flatnonzero(~filled[: np.flatnonzero(filled)[-1]])
    above = empty[empty < len(filled) // 2]
    top = above[-1] + 1 if len(above) else 0
    columns = np.nonzero(figure[top : top + int(side)])[1]
    return np.array([np.median(columns) + 0.5, top + side / 2])
