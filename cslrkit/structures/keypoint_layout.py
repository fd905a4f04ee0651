"""Layouts of keypoints: how many points, which belong to which part, and which change places in a mirror."""

from dataclasses import dataclass
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from cslrkit.errors import ConfigError
from cslrkit.utils.checks import one_of

Pairs = Sequence[Tuple[int, int]]


@dataclass(frozen=True)
class KeypointLayout:
    """The meaning of each of K keypoints.

    Args:
        name: Of the layout.
        num_points: K.
        parts: Name of a part to the positions of its points.
        pairs: Positions of points that stand for left and right of one thing; others lie on the midline.
        shoulders: Positions of the signer's left and right shoulder.
        extractor: What gives such keypoints of a video, for messages.
        unpaired: Parts of which ``pairs`` does not know left from right, so that they cannot be mirrored.
    """

    name: str
    num_points: int
    parts: Mapping[str, Tuple[int, ...]]
    pairs: Tuple[Tuple[int, int], ...]
    shoulders: Optional[Tuple[int, int]]
    extractor: str
    unpaired: Tuple[str, ...] = ()

    def positions(self, parts: Iterable[str]) -> List[int]:
        """Return the positions of the points of some parts, in their order; those of two parts once.

        Raises:
            ConfigError: For a part that the layout does not have.
        """
        return list(dict.fromkeys(point for name in parts for point in self.parts[one_of('parts', name, self.parts)]))

    def select(self, positions: Sequence[int]) -> 'KeypointLayout':
        """Return the layout of the points at ``positions``; parts and pairs without their points are left out."""
        new = {old: position for position, old in enumerate(positions)}
        parts = {name: tuple(new[point] for point in points if point in new) for name, points in self.parts.items()}
        parts = {name: points for name, points in parts.items() if points}
        shoulders = self.shoulders if self.shoulders is not None and set(self.shoulders) <= set(new) else None
        return KeypointLayout(
            self.name,
            len(new),
            parts,
            tuple((new[left], new[right]) for left, right in self.pairs if left in new and right in new),
            None if shoulders is None else (new[shoulders[0]], new[shoulders[1]]),
            self.extractor,
            tuple(name for name in self.unpaired if name in parts),
        )

    def mirrored(self) -> np.ndarray:
        """Return, for each point, the position of the point that a mirror puts in its place, int (K,).

        Raises:
            ConfigError: If the layout has a part whose left and right are not known.
        """
        if self.unpaired:
            raise ConfigError(
                f"layout '{self.name}': {', '.join(self.unpaired)} cannot be mirrored, for its left and right points "
                'are not known. Select other parts first, or leave the flip out.'
            )
        order = np.arange(self.num_points)
        for left, right in self.pairs:
            order[left], order[right] = right, left
        return order


def find_layout(layout: Union[str, KeypointLayout]) -> KeypointLayout:
    """Return a layout, or the one of a name.

    Raises:
        ConfigError: If there is none of that name; the message gives the nearest ones.
    """
    return layout if isinstance(layout, KeypointLayout) else LAYOUTS[one_of('layout', layout, LAYOUTS)]


def _shifted(pairs: Pairs, by: int) -> List[Tuple[int, int]]:
    return [(left + by, right + by) for left, right in pairs]


def _across(first: int, other: int, count: int) -> List[Tuple[int, int]]:
    return [(first + index, other + index) for index in range(count)]


# The 68 points of a face (Sagonas et al., 300 Faces in-the-Wild), whose left is the image's.
_FACE68 = [
    *((index, 16 - index) for index in range(8)),
    *((17 + index, 26 - index) for index in range(5)),
    *((31, 35), (32, 34), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)),
    *((48, 54), (49, 53), (50, 52), (55, 59), (56, 58), (60, 64), (61, 63), (65, 67)),
]
_FACE68_PARTS = dict(contour=(0, 17), brows=(17, 27), nose=(27, 36), eyes=(36, 48), mouth=(48, 68))


def _face_parts(by: int) -> Dict[str, Tuple[int, ...]]:
    return {name: tuple(range(by + first, by + end)) for name, (first, end) in _FACE68_PARTS.items()}


def _points(*ranges: Tuple[int, int]) -> Tuple[int, ...]:
    return tuple(point for first, end in ranges for point in range(first, end))


def _mediapipe(face_points: int) -> KeypointLayout:
    hands = 33 + face_points
    body = [(1, 4), (2, 5), (3, 6), (7, 8), (9, 10), *((left, left + 1) for left in range(11, 33, 2))]
    return KeypointLayout(
        f'mediapipe{hands + 42}',
        hands + 42,
        dict(
            body=_points((0, 33)),
            upper_body=_points((0, 25)),
            face=_points((33, hands)),
            left_hand=_points((hands, hands + 21)),
            right_hand=_points((hands + 21, hands + 42)),
        ),
        (*body, *_across(hands, hands + 21, 21)),
        (11, 12),
        'MediaPipe holistic',
        ('face',),
    )


LAYOUTS: Dict[str, KeypointLayout] = {
    layout.name: layout
    for layout in (
        # COCO-WholeBody (Jin et al., ECCV 2020): body 17, feet 6, face 68, hands 21 each.
        KeypointLayout(
            'wholebody133',
            133,
            dict(
                body=_points((0, 17)),
                upper_body=_points((0, 11)),
                feet=_points((17, 23)),
                face=_points((23, 91)),
                **_face_parts(23),
                left_hand=_points((91, 112)),
                right_hand=_points((112, 133)),
            ),
            (
                *((left, left + 1) for left in range(1, 17, 2)),
                *_across(17, 20, 3),
                *_shifted(_FACE68, 23),
                *_across(91, 112, 21),
            ),
            (5, 6),
            'HRNet or RTMPose trained on COCO-WholeBody',
        ),
        # OpenPose: BODY_25, face 70 (68 and the pupils), hands 21 each.
        KeypointLayout(
            'openpose137',
            137,
            dict(
                body=_points((0, 25)),
                upper_body=_points((0, 8), (15, 19)),
                face=_points((25, 95)),
                **_face_parts(25),
                left_hand=_points((95, 116)),
                right_hand=_points((116, 137)),
            ),
            (
                *_across(5, 2, 3),
                *_across(12, 9, 3),
                *((16, 15), (18, 17)),
                *_across(19, 22, 3),
                *_shifted([*_FACE68, (68, 69)], 25),
                *_across(95, 116, 21),
            ),
            (5, 2),
            'OpenPose with face and hands',
        ),
        _mediapipe(468),  # holistic: pose, face mesh, hands
        _mediapipe(478),  # with irises
    )
}
