"""Frames of known kinds for measurements of codecs: what a codec gains depends on what it is given."""

import glob
import os
import tempfile
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import cv2
import numpy as np

from cslrkit.errors import OutputError

SIZE = 256
_SOURCE_SIZE = (260, 210)  # of PHOENIX's frames before they are resized: height, width


def sensor_noise(num_frames: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """A moving signer before a textured wall, with noise of its own in every frame, resized to 256x256."""
    for scene in _scene(num_frames, rng):
        yield _resized(_noisy(scene, rng))


def video(num_frames: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The same after MPEG-4, as broadcast recordings are, which leaves parts of it equal from frame to frame."""
    height, width = _SOURCE_SIZE
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'clip.mp4')
        writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*'mp4v'), 25, (width, height))
        if not writer.isOpened():
            raise OutputError('benchmark: this OpenCV cannot write MPEG-4. Install opencv-python from PyPI.')
        for scene in _scene(num_frames, rng):
            writer.write(_noisy(scene, rng))
        writer.release()
        capture = cv2.VideoCapture(path)
        for _ in range(num_frames):
            done, image = capture.read()
            if done:
                yield _resized(image)
        capture.release()


def drawn(num_frames: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The same without texture and noise, as the synthetic corpus is."""
    for scene in _scene(num_frames, rng, textured=False):
        yield _resized(scene.astype(np.uint8))


KINDS: Dict[str, Callable[[int, np.random.Generator], Iterator[np.ndarray]]] = {
    'sensor noise': sensor_noise,
    'video': video,
    'drawn': drawn,
}


def write_clips(folder: str, kind: str, *, num_clips: int, num_frames: int, seed: int = 0) -> List[str]:
    """Write clips as PNG files as ``tools/prepare_data.py`` does; return the folders."""
    folders = []
    for number in range(num_clips):
        clip = Path(folder, f'{number:03d}')
        clip.mkdir(parents=True)
        rng = np.random.default_rng([seed, number])
        for index, image in enumerate(KINDS[kind](num_frames, rng)):
            if not cv2.imwrite(str(clip / f'{index:06d}.png'), image):
                raise OutputError(f"benchmark: '{clip}' cannot be written.")
        folders.append(str(clip))
    return folders


def files_of(folders: List[str]) -> List[List[str]]:
    """The image files of each clip, sorted."""
    return [sorted(glob.glob(os.path.join(glob.escape(folder), '*'))) for folder in folders]


def _scene(num_frames: int, rng: np.random.Generator, *, textured: bool = True) -> Iterator[np.ndarray]:
    """Yield BGR float frames of PHOENIX's size: a wall, a body, two hands that move."""
    height, width = _SOURCE_SIZE
    wall = np.full((height, width, 3), (120, 100, 90), np.float32)
    for scale, amplitude in ((25, 20.0), (4, 3.0), (1, 1.5)) if textured else ():
        grain = cv2.GaussianBlur(rng.normal(size=wall.shape).astype(np.float32), (0, 0), scale)
        wall += grain / grain.std() * amplitude
    phase = rng.uniform(0, 2 * np.pi, 4)
    for index in range(num_frames):
        image = wall.copy()
        cv2.ellipse(image, (width // 2, height), (60, 110), 0, 0, 360, (60, 50, 45), -1, cv2.LINE_AA)
        cv2.circle(image, (width // 2, 95), 32, (130, 160, 205), -1, cv2.LINE_AA)
        for hand in range(2):
            x = width / 2 + (hand - 0.5) * 90 + 35 * np.sin(index / 6 + phase[hand])
            y = 180 + 50 * np.sin(index / 9 + phase[2 + hand])
            cv2.circle(image, (int(x), int(y)), 16, (125, 155, 200), -1, cv2.LINE_AA)
        yield cv2.GaussianBlur(image, (0, 0), 0.7) if textured else image


def _noisy(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise in each channel, and noise that the channels share."""
    noise = rng.normal(0, 2.0, scene.shape) + rng.normal(0, 1.0, (*scene.shape[:2], 1))
    return np.clip(scene + noise, 0, 255).astype(np.uint8)


def _resized(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_LANCZOS4)
