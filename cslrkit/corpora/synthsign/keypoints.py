"""The keypoints of drawn signers, exactly where they are drawn."""

from pathlib import Path
from typing import Sequence

import numpy as np

from cslrkit.corpora.base import SPLITS, Corpus
from cslrkit.corpora.synthsign.drawing import DrawingTask, film
from cslrkit.corpora.synthsign.figure import (
    HEAD_AXES,
    HEAD_Y,
    elbow_of,
    finger_joints,
    place_of,
    shoulder_of,
    wrist_of,
)
from cslrkit.corpora.synthsign.signers import Signer
from cslrkit.corpora.synthsign.spec import FRAME_RATE, CorpusSpec
from cslrkit.structures.keypoint_layout import LAYOUTS
from cslrkit.video.keypoints import Keypoints, write_keypoints

LAYOUT = LAYOUTS['wholebody133']
KEYPOINT_DIR = 'keypoints'  # below the root of a corpus
# How far each of five points is along a line.
_LINE5 = np.linspace(0, 1, 5)[:, None]


def drawn_keypoints(task: DrawingTask, corpus: Corpus, spec: CorpusSpec, *, seed: int) -> Keypoints:
    """Return the keypoints of a drawn clip, in the layout of COCO-WholeBody.

    Hips, legs and feet are not drawn: they have the score 0, as has what lies outside of the picture. What a face is
    not drawn with lies at the nearest line: the nostrils at the tip of the nose, both lips on the one line of the
    mouth.
    """
    camera, nods = film(task, corpus, spec, seed=seed)
    values = np.zeros((len(nods), LAYOUT.num_points, 3))
    body = values[..., :2]
    face = _face(task.signer)
    face = face + np.stack((np.zeros_like(nods), nods), -1)[:, None]
    body[:, :5], body[:, 23:91] = face[:, :5], face[:, 5:]
    size = spec.hand_scale * task.signer.hand
    # The acting hand is the signer's right one, on the left of the image.
    for hand, side, first, arm in ((1, 1.0, 91, 5), (0, -1.0, 112, 6)):
        poses = task.performance.poses[:, hand]
        shoulder, wrist = shoulder_of(task.signer, side), wrist_of(poses, side, size)
        body[:, arm], body[:, arm + 2], body[:, arm + 4] = shoulder, elbow_of(shoulder, wrist, side), wrist
        body[:, first] = wrist
        joints = finger_joints(poses)
        joints = np.concatenate((joints[:, 4:], joints[:, :4]), 1)  # the thumb first
        halves = (joints[:, :, :-1] + joints[:, :, 1:]) / 2
        four = np.stack((joints[:, :, 0], joints[:, :, 1], halves[:, :, 1], joints[:, :, 2]), 2)
        four[:, 0, 1:3] = np.stack((halves[:, 0, 0], joints[:, 0, 1]), 1)  # a thumb has no joint beyond its middle
        body[:, first + 1 : first + 21] = place_of(poses, side, size, four.reshape(len(poses), 20, 2))
    # An enlarged pixel has its middle at a whole number.
    body[:] = (camera.enlarged(body) + 0.5) / camera.factor
    inside = ((body >= 0) & (body <= camera.size)).all(-1)
    inside[:, 11:23] = False
    values[inside, 2] = 1
    values[~inside] = 0
    return Keypoints(values.astype(np.float32), LAYOUT, camera.size)


def write_drawn_keypoints(
    root: Path, tasks: Sequence[DrawingTask], corpus: Corpus, spec: CorpusSpec, *, seed: int
) -> None:
    """Write the keypoints of all clips into the folder ``keypoints`` of a corpus, unless they are there."""
    for split in SPLITS:
        if not (root / KEYPOINT_DIR / f'{split}.json').is_file():
            clips = {
                task.clip.sample_id: drawn_keypoints(task, corpus, spec, seed=seed)
                for task in tasks
                if task.clip.split == split
            }
            write_keypoints(root / KEYPOINT_DIR, split, clips, layout=LAYOUT, frame_rate=FRAME_RATE)


def _face(signer: Signer) -> np.ndarray:
    """Nose, eyes and ears of the body, then the 68 points of the face, (73, 2) in body units; left is the signer's."""
    width, height = HEAD_AXES[0] * signer.head, HEAD_AXES[1] * signer.head
    tip, eye, ear = (0.015, 0.055), 0.07, (width, 0.01)
    angles = np.pi - np.linspace(0, np.pi, 17)
    contour = np.stack((width * np.cos(angles), height * np.sin(angles)), -1)
    brow = _between((0.04, -0.065), (0.105, -0.06))
    mouth = np.concatenate((_between((-0.05, 0.115), (0, 0.125)), _between((0, 0.125), (0.05, 0.115))[1:]))
    corners = np.array(((-1, 0), (-0.4, -1), (0.4, -1), (1, 0), (0.4, 1), (-0.4, 1))) * (0.032, 0.02)
    points = np.concatenate(
        (
            np.array((tip, (eye, -0.015), (-eye, -0.015), ear, (-ear[0], ear[1]))),
            contour,
            brow[::-1] * (-1, 1),
            brow,
            _between((0, -0.01), tip)[[0, 1, 3, 4]],
            _between((-0.01, 0.06), tip),
            np.add(corners, (-eye, -0.015)),
            np.add(corners, (eye, -0.015)),
            mouth[[0, 1, 3, 4, 5, 7, 8]],
            mouth[[7, 5, 4, 3, 1]],
            mouth[[0, 2, 4, 6, 8]],
            mouth[[6, 4, 2]],
        )
    )
    return np.add(points, (0.0, HEAD_Y))


def _between(first: Sequence[float], last: Sequence[float]) -> np.ndarray:
    """Five points on a line, (5, 2)."""
    return np.array(first) * (1 - _LINE5) + np.array(last) * _LINE5
