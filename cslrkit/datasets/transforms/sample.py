"""A sample dict whose clip may still be a plan, and what transforms do with the clip either way."""

from typing import Any, Dict, Iterator, Tuple, Union

import numpy as np

from cslrkit.datasets.transforms.plan import ClipPlan, FrameOperation

CLIP = 'imgs'
FEATURES = 'features'
KEYPOINTS = 'keypoints'


class PlannedSample(dict):
    """A sample dict whose ``imgs`` are decoded when something first asks for their pixels.

    A dataset hands it to its pipeline. To a transform it is a dict with an array under ``imgs``;
    cslrkit's transforms change the plan and leave the pixels alone, so that a frame that is dropped
    is never decoded, one that is repeated is decoded once, and crops and flips cost one copy
    together. Copies of it are plain dicts.
    """

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, ClipPlan):
            value = value.realize()
            self[key] = value
        return value

    # The methods of dict look values up without __getitem__.

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, decoded."""
        return self[key] if key in self else default  # noqa: SIM401 (this is get)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return a value, decoded, after setting it where there is none."""
        return self[key] if key in self else super().setdefault(key, default)

    def pop(self, key: str, *default: Any) -> Any:
        """Remove a value and return it, decoded."""
        if key == CLIP:
            self.realized()
        return super().pop(key, *default)

    def popitem(self) -> Tuple[str, Any]:
        """Remove the last item and return it, decoded."""
        self.realized()
        return super().popitem()

    def items(self):
        """The items, decoded."""
        self.realized()
        return super().items()

    def values(self):
        """The values, decoded."""
        self.realized()
        return super().values()

    def copy(self) -> Dict[str, Any]:
        """Return a plain dict, decoded."""
        return dict(self.realized())

    def __iter__(self) -> Iterator[str]:
        # Its mere presence makes dict(sample), {**sample} and other.update(sample) ask __getitem__.
        return super().__iter__()

    def __eq__(self, other: object) -> bool:
        self.realized()
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __or__(self, other: Dict[str, Any]) -> Dict[str, Any]:
        return self.copy() | other

    def __reduce__(self) -> Tuple[type, Tuple[Dict[str, Any]]]:
        return dict, (self.copy(),)

    def realized(self) -> 'PlannedSample':
        """Return the sample itself, after its clip is decoded."""
        if CLIP in self:
            self[CLIP]
        return self


def set_clip(results: Dict[str, Any], plan: ClipPlan) -> None:
    """Give a planned sample a clip to read when it is needed, and a plain dict the pixels at once."""
    results[CLIP] = plan if isinstance(results, PlannedSample) else plan.realize()


def clip_shape(results: Dict[str, Any]) -> Tuple[int, int, int]:
    """Number, height and width of the clip's frames."""
    frames, height, width = _clip(results).shape[:3]
    return frames, height, width


def select_frames(results: Dict[str, Any], kept: np.ndarray) -> None:
    """Make a clip of the frames at the positions ``kept``, in each of its media."""
    if FEATURES in results:
        results[FEATURES] = unpad_features(results)[kept]
    if has_points(results):
        results[KEYPOINTS] = results[KEYPOINTS][kept]
    if CLIP not in results:
        return
    clip = _clip(results)
    results[CLIP] = clip.select(kept) if isinstance(clip, ClipPlan) else clip[kept]


def has_points(results: Dict[str, Any]) -> bool:
    """Whether keypoints are loaded, float32 (T, K, 3)."""
    return isinstance(results.get(KEYPOINTS), np.ndarray)


def unpad_features(results: Dict[str, Any]) -> np.ndarray:
    """Take the padding off features (T, C) and return what is left: rows of padding tell nothing once others change."""
    before, after = results.pop('padding', (0, 0))
    rows = results[FEATURES]
    results[FEATURES] = rows[before : len(rows) - after]
    return results[FEATURES]


def window_frames(results: Dict[str, Any], top: int, left: int, height: int, width: int) -> None:
    """Cut a window out of each frame; what is outside of the frame is black. Keypoints beside it keep their places."""
    if has_points(results):
        _move_points(results, shift=(-left, -top), size=(width, height))
    clip = _clip(results)
    if isinstance(clip, ClipPlan):
        results[CLIP] = clip.window(top, left, height, width)
        return
    rows, columns = clip.shape[1:3]
    cut = clip[:, max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)]
    margins = (_margins(top, height, rows), _margins(left, width, columns))
    results[CLIP] = np.pad(cut, ((0, 0), *margins, (0, 0))) if any(sum(margins, ())) else cut


def mirror_frames(results: Dict[str, Any]) -> None:
    """Mirror each frame left to right, and keypoints beside it, whose left points become right ones."""
    if has_points(results):
        mirror_points(results)
    clip = _clip(results)
    results[CLIP] = clip.mirrored() if isinstance(clip, ClipPlan) else clip[:, :, ::-1]


def map_frames(results: Dict[str, Any], operation: FrameOperation, height: int, width: int) -> None:
    """Apply a function to each frame (H, W, 3); it gives frames of the given size, to which keypoints are scaled."""
    if has_points(results):
        scale_points(results, (width, height))
    clip = _clip(results)
    if isinstance(clip, ClipPlan):
        results[CLIP] = clip.mapped(operation, height, width)
    else:
        results[CLIP] = np.stack([operation(frame) for frame in clip])


def mirror_points(results: Dict[str, Any]) -> None:
    """Mirror keypoints left to right; left points become right ones."""
    values = results[KEYPOINTS][:, results['layout'].mirrored()].copy()
    found = values[..., 2] > 0
    values[found, 0] = results['image_size'][0] - values[found, 0]
    results[KEYPOINTS] = values


def scale_points(results: Dict[str, Any], size: Tuple[int, int]) -> None:
    """Bring keypoints from the size of their picture to another one, width and height in pixels."""
    scale = np.asarray(size, dtype=np.float32) / np.asarray(results['image_size'], dtype=np.float32)
    _move_points(results, scale=scale, size=size)


def _move_points(results: Dict[str, Any], *, size: Tuple[int, int], scale: Any = 1, shift: Any = 0) -> None:
    """Scale and shift the points that were found; the picture has the new ``size`` then."""
    values = results[KEYPOINTS].copy()
    found = values[..., 2] > 0
    values[found, :2] = values[found, :2] * np.float32(scale) + np.float32(shift)
    results[KEYPOINTS], results['image_size'] = values, tuple(size)


def _clip(results: Dict[str, Any]) -> Union[ClipPlan, np.ndarray]:
    """The clip, as a plan if it is still one."""
    return dict.__getitem__(results, CLIP) if isinstance(results, PlannedSample) else results[CLIP]


def _margins(start: int, length: int, available: int) -> Tuple[int, int]:
    """What a window needs before and after the stretch that it is cut from."""
    return min(max(0, -start), length), min(max(0, start + length - available), length)
