"""Keypoints in ``.pose`` files, read by the package ``pose-format``."""

from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from cslrkit.errors import DataError
from cslrkit.registry import KEYPOINT_READERS
from cslrkit.structures.keypoint_layout import LAYOUTS, KeypointLayout
from cslrkit.video.keypoints.keypoints import Keypoints, one_person
from cslrkit.video.keypoints.reader import KeypointFiles

# Components of MediaPipe holistic in the order of its layout; world coordinates are no pixels.
_HOLISTIC = ('POSE_LANDMARKS', 'FACE_LANDMARKS', 'LEFT_HAND_LANDMARKS', 'RIGHT_HAND_LANDMARKS')
_WITH_IRISES = LAYOUTS['mediapipe553']


@KEYPOINT_READERS.register_module()
class PoseFiles(KeypointFiles):
    """A ``.pose`` file for each clip, version 0.1 or 0.2, in pixels, with the size of its picture and its frame rate.

    Components of MediaPipe holistic become the layout ``mediapipe543``, or ``mediapipe553`` with irises; a part that
    the file lacks counts as not found. Other files need as many points as the ``layout`` that is given. Of several
    people the one whose scores have the greatest sum in a frame is taken. Needs the extra ``pose``.

    Args:
        path: As for :class:`KeypointReader`.
        layout: Name of the layout that files must have; None takes both of holistic.
        options: As there; ``image_size`` plays no part.
    """

    suffixes = ('.pose',)

    def __init__(self, path: str, *, layout: Optional[str] = None, **options: Any) -> None:
        super().__init__(path, layout=layout or 'mediapipe543', **options)
        self._any_face = layout is None

    def load(self, place: Path, *, where: str) -> Keypoints:
        """Read a clip."""
        pose = _read_pose(place, where)
        body, header = pose.body, pose.header
        data, scores = np.ma.filled(body.data, 0.0), np.asarray(body.confidence)
        if data.ndim != 4 or data.shape[3] < 2 or not data.shape[1]:
            raise DataError(f"{where}: '{place}' has the shape {data.shape}, expected (T, people, K, 2 or more).")
        values = np.concatenate([data[..., :2], scores[..., None]], -1)
        layout, places = self._layout(header.components, where=f"{where}: '{place}'")
        people = np.zeros((*values.shape[:2], layout.num_points, 3), np.float32)
        for first, begin, count in places:
            people[:, :, first : first + count] = values[:, :, begin : begin + count]
        size = (header.dimensions.width, header.dimensions.height)
        frames = np.stack([one_person(list(frame), layout.num_points) for frame in people]) if len(people) else people
        return self.made(frames, where=where, layout=layout, image_size=size, frame_rate=float(body.fps) or None)

    def _layout(self, components: Any, *, where: str) -> Tuple[KeypointLayout, List[Tuple[int, int, int]]]:
        """Return the layout, and for each component its place in it, its place in the file, and its points."""
        begins: Dict[str, Tuple[int, int]] = {}
        begin = 0
        for component in components:
            begins[component.name] = (begin, len(component.points))
            begin += len(component.points)
        layout = self.layout
        if self._any_face and begins.get('FACE_LANDMARKS', (0, 0))[1] == len(_WITH_IRISES.parts['face']):
            layout = _WITH_IRISES
        if not layout.name.startswith('mediapipe'):
            return layout, [(0, 0, begin)] if begin == layout.num_points else _refuse(where, begins, layout)
        first, places = 0, []
        for name, part in zip(_HOLISTIC, ('body', 'face', 'left_hand', 'right_hand')):
            count = len(layout.parts[part])
            if name in begins:
                if begins[name][1] != count:
                    _refuse(where, begins, layout)
                places.append((first, *begins[name]))
            first += count
        return layout, places or _refuse(where, begins, layout)


def _refuse(where: str, begins: Dict[str, Tuple[int, int]], layout: KeypointLayout) -> Any:
    got = ', '.join(f'{name} of {count}' for name, (_, count) in begins.items())
    raise DataError(
        f"{where} has the components {got} points, which are not those of the layout '{layout.name}' "
        f'({layout.num_points} points). Set layout to one that fits.'
    )


def _read_pose(path: Path, where: str) -> Any:
    try:
        from pose_format import Pose
    except ImportError as error:
        raise DataError(
            f"{where}: the package pose-format is not installed. Run `pip install 'cslrkit[pose]'`."
        ) from error
    try:
        return Pose.read(path.read_bytes())
    except Exception as error:  # a damaged file raises nearly anything
        raise DataError(
            f"{where}: '{path}' cannot be read ({type(error).__name__}: {error}). Is it complete?"
        ) from error
