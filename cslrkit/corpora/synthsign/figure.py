"""Draw a signer, hands and fingers included, in a pose."""

from typing import Tuple

import cv2
import numpy as np

from cslrkit.corpora.synthsign.signers import Color, Signer

_SHIFT = 4  # OpenCV takes coordinates in 1/16 pixel
_DRAWN_SIDE = 320  # small frames are drawn about this large and averaged down

# Of a hand of size 1, body units; x to the thumb's side, y along the extended fingers.
_PALM = ((-0.062, -0.075), (-0.082, 0.05), (-0.05, 0.075), (0.05, 0.08), (0.08, 0.045), (0.06, -0.075))
_KNUCKLES = ((0.058, 0.072), (0.020, 0.085), (-0.020, 0.08), (-0.058, 0.066))  # index .. little finger
_LENGTHS = (0.165, 0.185, 0.168, 0.13)
_FAN = (13.0, 4.0, -5.0, -15.0)  # degrees at full spread, to the thumb's side
_THICKNESS = 0.042
_THUMB_ROOT, _THUMB_LENGTH = (0.055, -0.02), 0.15
_RIM = 0.022
_WRIST = -0.10

SHOULDER = 0.36  # half of the shoulders' breadth, body units
HEAD_AXES, HEAD_Y = (0.18, 0.235), -0.36


class Camera:
    """Where body units are in an enlarged frame.

    Body units: the origin is the middle of the shoulders, x to the right of the image, y down;
    the shorter side of the picture is two units.

    Args:
        size: Width and height of the frame in pixels.
        margin_top: Rows at the top that stay empty.
        zoom: Size of the figure.
        offset: Shift of the figure in body units.
    """

    def __init__(
        self,
        size: Tuple[int, int],
        *,
        margin_top: int = 0,
        zoom: float = 1.0,
        offset: Tuple[float, float] = (0.0, 0.0),
    ) -> None:
        width, height = size
        free = height - margin_top
        self.size = size
        self.factor = int(np.clip(round(_DRAWN_SIDE / min(width, free)), 1, 5))
        frame_unit = self.factor * min(width, free) / 2
        self.unit = frame_unit * zoom
        spare = max(0.0, free * self.factor / frame_unit - 2)  # what a tall frame has below and above
        self._origin = np.array(
            (
                width * self.factor / 2 + offset[0] * frame_unit,
                margin_top * self.factor + (0.9 + 0.4 * spare + offset[1]) * frame_unit,
            )
        )

    def enlarged(self, points) -> np.ndarray:
        """Return points (..., 2) in body units as pixels of the enlarged frame."""
        return self._origin + np.asarray(points, dtype=np.float64) * self.unit


class Canvas:
    """A frame that is drawn enlarged, in body units, and averaged down.

    Args:
        camera: Where body units are, and the size of the frame.
        backdrop: Color of the whole frame.
    """

    def __init__(self, camera: Camera, backdrop: Color) -> None:
        width, height = camera.size
        self.camera = camera
        self.image = np.zeros((height * camera.factor, width * camera.factor, 3), dtype=np.uint8)
        self.image = cv2.rectangle(self.image, (0, 0), self.image.shape[1::-1], backdrop, cv2.FILLED)

    def _points(self, points) -> np.ndarray:
        return np.round(self.camera.enlarged(points) * (1 << _SHIFT)).astype(np.int32)

    def line(self, points, color: Color, width: float) -> None:
        """Draw a polyline with round joints; ``width`` in body units."""
        thickness = max(1, round(width * self.camera.unit))
        cv2.polylines(self.image, [self._points(points)], False, color, thickness, cv2.LINE_AA, _SHIFT)

    def polygon(self, points, color: Color) -> None:
        """Fill a polygon."""
        cv2.fillPoly(self.image, [self._points(points)], color, cv2.LINE_AA, _SHIFT)

    def ellipse(self, center, axes, color: Color, *, angle: float = 0.0, arc: Tuple[float, float] = (0, 360)) -> None:
        """Fill an ellipse, or the part of it between the angles of ``arc`` (degrees)."""
        points = cv2.ellipse2Poly((0, 0), (1000, 1000), 0, int(arc[0]), int(arc[1]), 10) / 1000.0 * np.asarray(axes)
        cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        self.polygon(np.asarray(center) + points @ np.array(((cosine, sine), (-sine, cosine))), color)

    def part(self, name: str) -> None:
        """Begin to draw a part of the figure: ``body``, ``face``, ``left_hand`` or ``right_hand``."""

    def frame(self) -> np.ndarray:
        """Return the frame, RGB, (H, W, 3)."""
        return cv2.resize(self.image, self.camera.size, interpolation=cv2.INTER_AREA)


def draw_signer(canvas: Canvas, signer: Signer, pose: np.ndarray, *, hand_scale: float, nod: float = 0.0) -> None:
    """Draw ``signer`` onto ``canvas``.

    Args:
        canvas: Where to draw.
        signer: Build and colors.
        pose: Acting and other hand, (2, HAND_POSE_SIZE); the acting hand is the signer's right
            one, on the left of the image.
        hand_scale: Size of the hands relative to a natural build.
        nod: Shift of the head downwards, body units.
    """
    canvas.part('body')
    _draw_torso(canvas, signer, SHOULDER * signer.breadth)
    canvas.part('face')
    _draw_head(canvas, signer, nod)
    size = hand_scale * signer.hand
    for hand, side in ((pose[1], 1.0), (pose[0], -1.0)):  # the acting hand last: it is in front
        canvas.part('body')
        _draw_arm(canvas, signer, shoulder_of(signer, side), wrist_of(hand, side, size), side)
        canvas.part('left_hand' if side > 0 else 'right_hand')
        draw_hand(canvas, hand, side, size, signer.skin)


def _draw_torso(canvas: Canvas, signer: Signer, shoulder: float) -> None:
    canvas.line(((0, -0.25), (0, 0.02)), shaded(signer.skin, 0.86), 0.17)
    canvas.polygon(
        (
            (-0.1, -0.05),
            (-shoulder * 0.8, 0.0),
            (-shoulder, 0.1),
            (-shoulder * 0.86, 2.5),
            (shoulder * 0.86, 2.5),
            (shoulder, 0.1),
            (shoulder * 0.8, 0.0),
            (0.1, -0.05),
        ),
        signer.clothes,
    )
    canvas.polygon(((-0.1, -0.05), (0.1, -0.05), (0, 0.13)), shaded(signer.skin, 0.92))


def _draw_head(canvas: Canvas, signer: Signer, nod: float) -> None:
    width, height = HEAD_AXES[0] * signer.head, HEAD_AXES[1] * signer.head
    x, y = 0.0, HEAD_Y + nod
    if signer.hairstyle == 'long':
        for side in (-1, 1):
            canvas.ellipse((x + side * width * 0.85, y + 0.06), (width * 0.42, height * 1.15), signer.hair)
    if signer.hairstyle == 'bun':
        canvas.ellipse((x, y - height * 1.12), (0.09, 0.08), signer.hair)
    for side in (-1, 1):
        canvas.ellipse((x + side * width, y + 0.01), (0.035, 0.05), shaded(signer.skin, 0.9))
    canvas.ellipse((x, y), (width, height), signer.skin)
    if signer.hairstyle != 'bald':
        canvas.ellipse((x, y - 0.03), (width * 1.1, height * 1.05), signer.hair, arc=(190, 350))
    dark = shaded(signer.skin, 0.35)
    for side in (-1, 1):
        canvas.ellipse((x + side * 0.07, y - 0.015), (0.032, 0.02), (250, 250, 250))
        canvas.ellipse((x + side * 0.07, y - 0.015), (0.016, 0.02), (40, 36, 34))
        canvas.line(((x + side * 0.04, y - 0.065), (x + side * 0.105, y - 0.06)), shaded(signer.hair, 0.8), 0.018)
    canvas.line(((x, y - 0.01), (x + 0.015, y + 0.055), (x - 0.01, y + 0.06)), shaded(signer.skin, 0.78), 0.014)
    canvas.line(((x - 0.05, y + 0.115), (x, y + 0.125), (x + 0.05, y + 0.115)), dark, 0.018)


def _draw_arm(canvas: Canvas, signer: Signer, shoulder, wrist, side: float) -> None:
    elbow = elbow_of(shoulder, wrist, side)
    sleeve, rim = shaded(signer.clothes, 1.25), shaded(signer.clothes, 0.6)
    cuff = np.asarray(wrist) + 0.12 * (elbow - np.asarray(wrist))
    canvas.line((cuff, wrist), signer.skin, 0.09)
    for color, extra in ((rim, 0.035), (sleeve, 0.0)):
        canvas.line((shoulder, elbow), color, 0.15 + extra)
        canvas.line((elbow, cuff), color, 0.115 + extra)


def shoulder_of(signer: Signer, side: float) -> np.ndarray:
    """Where the shoulder is; ``side`` is -1 for the one on the left of the image."""
    return np.array((side * (SHOULDER * signer.breadth) * 0.92, 0.09))


def elbow_of(shoulder: np.ndarray, wrist: np.ndarray, side: float) -> np.ndarray:
    """Where the elbow is between a shoulder and wrists (..., 2).

    It hangs below and outside the shoulder and follows the hand a little: limbs change length as they would when they
    point at the camera, and no position flips the joint.
    """
    hanging = np.array((shoulder[0] + side * 0.13, shoulder[1] + 0.46))
    return hanging + 0.24 * (np.asarray(wrist) - hanging - (-side * 0.1, 0.1))


def shaded(color: Color, factor: float) -> Color:
    """Return ``color``, darker (factor below 1) or lighter."""
    red, green, blue = (min(255, round(channel * factor + (factor > 1) * 12)) for channel in color)
    return red, green, blue


def _axes(hand: np.ndarray, side: float) -> Tuple[np.ndarray, np.ndarray]:
    """Unit vectors to the thumb's side and along the fingers, in body coordinates of the image."""
    # An upright hand has its thumb on the midline's side; a positive angle turns the fingers there.
    angle = np.radians(hand[..., 2])
    across = np.stack((-side * np.cos(angle), np.sin(angle)), -1)
    return across, np.stack((-side * np.sin(angle), -np.cos(angle)), -1)


def wrist_of(hand: np.ndarray, side: float, size: float) -> np.ndarray:
    """Where the wrists of hands (..., HAND_POSE_SIZE) are; ``side`` is -1 for those on the left of the image."""
    return np.stack((side * hand[..., 0], hand[..., 1]), -1) + _WRIST * size * _axes(hand, side)[1]


def place_of(hand: np.ndarray, side: float, size: float, points: np.ndarray) -> np.ndarray:
    """Where points (..., n, 2) of hands (..., HAND_POSE_SIZE) of size 1 are; see :func:`wrist_of`."""
    points = np.asarray(points, dtype=np.float64) * size
    across, along = (axis[..., None, :] for axis in _axes(hand, side))
    center = np.stack((side * hand[..., 0], hand[..., 1]), -1)[..., None, :]
    return center + points[..., :1] * across + points[..., 1:] * along


def finger_joints(hand: np.ndarray) -> np.ndarray:
    """Knuckle, middle and tip of index to little finger and thumb of hands (..., HAND_POSE_SIZE), (..., 5, 3, 2).

    They are in units of a hand of size 1.
    """
    thumb, curls, spread, stand_off = hand[..., 3], hand[..., 4:8], hand[..., 8], hand[..., 9]
    fingers = []
    for number, (root, length, fan) in enumerate(zip(_KNUCKLES, _LENGTHS, _FAN)):
        curl = curls[..., number, None]
        direction = _direction(1.6 * fan * spread)
        knuckle = np.broadcast_to(np.array(root), direction.shape)
        # The first joint foreshortens, then the rest of the finger comes down over the palm.
        middle = knuckle + direction * length * 0.5 * (1 - 0.85 * curl)
        tip = middle + direction * length * 0.5 * np.cos(np.pi * np.minimum(1.0, curl))
        fingers.append(np.stack((knuckle, middle, tip), -2))
    direction = _direction(18 + 42 * stand_off)
    root = np.broadcast_to(np.array(_THUMB_ROOT), direction.shape)
    tip = root + direction * _THUMB_LENGTH * (1 - 0.35 * thumb[..., None])
    # A folded thumb crosses the palm.
    tip = tip + np.maximum(0.0, np.minimum(1.0, thumb) - 0.3)[..., None] * np.array((-0.14, 0.0))
    middle = (root + tip) / 2 + 0.01 * stand_off[..., None] * _direction(90)
    return np.stack((*fingers, np.stack((root, middle, tip), -2)), -3)


def draw_hand(canvas: Canvas, hand: np.ndarray, side: float, size: float, skin: Color) -> None:
    """Draw ``hand`` (place, angle, configuration) in the color ``skin``.

    Folded fingers are short and darker, and lie over the palm; extended ones reach beyond it.
    """

    def finger(joints: np.ndarray, fill: float) -> None:
        path = place_of(hand, side, size, joints)
        canvas.line(path, _tint(skin, 0.45), (_THICKNESS + _RIM) * size)
        canvas.line(path, _tint(skin, fill), _THICKNESS * size)

    palm = np.array(_PALM)
    canvas.polygon(place_of(hand, side, size, palm * 1.15), _tint(skin, 0.45))
    canvas.polygon(place_of(hand, side, size, palm), _tint(skin, 0.95))
    *fingers, thumb = finger_joints(hand)
    for joints, curl in zip(fingers, hand[4:8]):
        finger(joints, 1.0 - 0.2 * curl)
    finger(thumb, 1.0 - 0.1 * hand[3])


def _direction(degrees: np.ndarray) -> np.ndarray:
    return np.stack((np.sin(np.radians(degrees)), np.cos(np.radians(degrees))), -1)


def _tint(color: Color, factor: float) -> Color:
    red, green, blue = (round(channel * factor) for channel in color)
    return red, green, blue
