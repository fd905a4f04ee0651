"""Draw a hand with its fingers."""

from typing import TYPE_CHECKING, Tuple

import numpy as np

if TYPE_CHECKING:
    from cslrkit.corpora.synthsign.figure import Canvas
    from cslrkit.corpora.synthsign.signers import Colour

# In a hand of size 1, body units; x to the thumb's side, y along the extended fingers.
_PALM = ((-0.062, -0.075), (-0.082, 0.05), (-0.05, 0.075), (0.05, 0.08), (0.08, 0.045), (0.06, -0.075))
_KNUCKLES = ((0.058, 0.072), (0.020, 0.085), (-0.020, 0.08), (-0.058, 0.066))  # index .. little finger
_LENGTHS = (0.165, 0.185, 0.168, 0.13)
_FAN = (13.0, 4.0, -5.0, -15.0)  # degrees at full spread, to the thumb's side
_THICKNESS = 0.042
_THUMB_ROOT, _THUMB_LENGTH = (0.055, -0.02), 0.15
_RIM = 0.022
_WRIST = -0.10


def _axes(hand: np.ndarray, side: float) -> Tuple[np.ndarray, np.ndarray]:
    """Unit vectors to the thumb's side and along the fingers, in body coordinates of the image."""
    # An upright hand has its thumb on the midline's side; a positive angle turns the fingers there.
    angle = np.radians(hand[2])
    return np.array((-side * np.cos(angle), np.sin(angle))), np.array((-side * np.sin(angle), -np.cos(angle)))


def wrist_of(hand: np.ndarray, side: float, size: float) -> np.ndarray:
    """Where the wrist of ``hand`` is; ``side`` is -1 for the hand on the left of the image."""
    return np.array((side * hand[0], hand[1])) + _WRIST * size * _axes(hand, side)[1]


def draw_hand(canvas: 'Canvas', hand: np.ndarray, side: float, size: float, skin: 'Colour') -> None:
    """Draw ``hand`` (place, angle, configuration) in the colour ``skin``.

    Folded fingers are short and darker, and lie over the palm; extended ones reach beyond it.
    """
    across, along = _axes(hand, side)
    centre = np.array((side * hand[0], hand[1]))
    thumb, curls, spread, stand_off = hand[3], hand[4:8], hand[8], hand[9]

    def place(points) -> np.ndarray:
        points = np.asarray(points, dtype=np.float64) * size
        return centre + points[..., :1] * across + points[..., 1:] * along

    def finger(points, fill: float) -> None:
        path = place(points)
        canvas.line(path, _tint(skin, 0.45), (_THICKNESS + _RIM) * size)
        canvas.line(path, _tint(skin, fill), _THICKNESS * size)

    palm = np.array(_PALM)
    canvas.polygon(place(palm * 1.15), _tint(skin, 0.45))
    canvas.polygon(place(palm), _tint(skin, 0.95))
    for root, length, fan, curl in zip(_KNUCKLES, _LENGTHS, _FAN, curls):
        direction = _direction(1.6 * fan * spread)
        knuckle = np.array(root)
        # The first joint foreshortens, then the rest of the finger comes down over the palm.
        middle = knuckle + direction * length * 0.5 * (1 - 0.85 * curl)
        tip = middle + direction * length * 0.5 * np.cos(np.pi * min(1.0, curl))
        finger((knuckle, middle, tip), 1.0 - 0.2 * curl)
    root = np.array(_THUMB_ROOT)
    direction = _direction(18 + 42 * stand_off)
    tip = root + direction * _THUMB_LENGTH * (1 - 0.35 * thumb)
    if thumb > 0.3:  # a folded thumb crosses the palm
        tip = tip + (min(1.0, thumb) - 0.3) * np.array((-0.14, 0.0))
    finger((root, (root + tip) / 2 + 0.01 * stand_off * _direction(90), tip), 1.0 - 0.1 * thumb)


def _direction(degrees: float) -> np.ndarray:
    return np.array((np.sin(np.radians(degrees)), np.cos(np.radians(degrees))))


def _tint(colour: 'Colour', factor: float) -> 'Colour':
    red, green, blue = (round(channel * factor) for channel in colour)
    return red, green, blue
