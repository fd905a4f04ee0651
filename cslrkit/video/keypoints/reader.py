"""What every reader of keypoints offers."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.structures.keypoint_layout import KeypointLayout, find_layout
from cslrkit.utils.messages import listed, plural
from cslrkit.video.keypoints.keypoints import Keypoints

_NAMED = 5  # samples that a message names


class KeypointReader(ABC):
    """Finds the keypoints of a corpus's samples; registered in KEYPOINT_READERS.

    A dataset builds it from its argument ``keypoints``, e.g. ``dict(type='StoredKeypoints')``, whose other keys are
    arguments of the reader. A reader is copied to worker processes: it must be picklable. A child class defines
    ``find`` and ``load``.

    Args:
        path: Where they are, relative to the corpus's folder unless absolute; ``{split}`` in it is the name of the
            split.
        layout: Name of the layout; see :mod:`cslrkit.structures.keypoint_layout`.
        image_size: Width and height in pixels of the picture that x and y lie in, for formats that do not say; the
            dataset hands over that of the corpus's frames.
        any_length: Whether a clip may have another number of frames than annotated.
        where: How messages name the dataset, e.g. ``'phoenix2014 train'``.
        data_root: The corpus's folder.
        split: Name of the split.

    Raises:
        ConfigError: For an unknown layout, or a size that is none.
        DataNotFoundError: If nothing is at ``path``.
    """

    def __init__(
        self,
        path: str,
        *,
        layout: Union[str, KeypointLayout] = 'wholebody133',
        image_size: Optional[Sequence[int]] = None,
        any_length: bool = False,
        where: str,
        data_root: str,
        split: str,
    ) -> None:
        self.layout = find_layout(layout)
        if image_size is not None and (len(image_size) != 2 or not all(side > 0 for side in image_size)):
            raise ConfigError(f'got {image_size!r}, expected (width, height) in pixels.', path='image_size')
        self.image_size = None if image_size is None else (int(image_size[0]), int(image_size[1]))
        self.any_length = any_length
        self.where = where
        self.split = split
        self.path = Path(data_root, path.replace('{split}', split))
        if not self.path.exists():
            raise DataNotFoundError(
                f"{where}: keypoints: '{self.path}' does not exist. Check path in the dataset's `keypoints`, which is "
                'relative to data_root.'
            )

    @abstractmethod
    def find(self, sample_id: str) -> Any:
        """Return what :meth:`load` needs to read a sample; None if it has no keypoints."""

    @abstractmethod
    def load(self, place: Any, *, where: str) -> Keypoints:
        """Read the keypoints at a place that :meth:`find` gave.

        Raises:
            DataError: If they cannot be read; ``where`` begins the message.
        """

    def check(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Check, when the dataset is built, that there are keypoints of each of its entries.

        Args:
            entries: Each with ``sample_id``.

        Raises:
            DataError: Naming the samples that have none.
        """
        missing = [entry['sample_id'] for entry in entries if self.find(entry['sample_id']) is None]
        if missing:
            raise DataError(
                f"{self.where}: {len(missing)} of {len(entries)} samples have no keypoints in '{self.path}': "
                f'{listed(missing, _NAMED)}. {self.describe()}'
            )

    def describe(self) -> str:
        """What there is, for messages."""
        return ''

    def read(self, sample_id: str, num_frames: Optional[int] = None) -> Keypoints:
        """Return the keypoints of a sample.

        Args:
            sample_id: Its id.
            num_frames: Frames that it has as annotated; None if that is not known.

        Raises:
            DataError: If there are none, they cannot be read, or they are of another number of frames.
        """
        where = f"{self.where}: sample '{sample_id}'"
        place = self.find(sample_id)
        if place is None:
            raise DataError(f"{where}: there are no keypoints of it in '{self.path}'. {self.describe()}")
        keypoints = self.load(place, where=where)
        if num_frames and len(keypoints) != num_frames and not self.any_length:
            raise DataError(
                f'{where}: got keypoints of {plural(len(keypoints), "frame")}, but it is annotated with '
                f'{num_frames}. Extract '
                'them again from the same frames, or set any_length=True in `keypoints` if the times of glosses do '
                'not matter.'
            )
        return keypoints

    def made(self, values: Any, *, where: str, **known: Any) -> Keypoints:
        """Return :meth:`Keypoints.of` with the layout and the size of this reader unless ``known`` has others.

        Raises:
            DataError: If nothing says the size, or as there.
        """
        known = {'layout': self.layout, 'image_size': self.image_size, **known}
        if known['image_size'] is None:
            raise DataError(
                f'{where}: nothing says the size of the picture that its keypoints lie in. Set '
                'image_size=(width, height) in `keypoints`.'
            )
        return Keypoints.of(values, where=where, **known)


class KeypointFiles(KeypointReader):
    """A reader of a file or folder a clip, ``SAMPLE_ID`` and a suffix, in ``path`` or in the split's folder there."""

    suffixes: Tuple[str, ...] = ()

    def find(self, sample_id: str) -> Optional[Path]:
        """Return the path of a sample's file or folder."""
        for folder in (self.path, self.path / self.split):
            for suffix in self.suffixes:
                if (folder / f'{sample_id}{suffix}').exists():
                    return folder / f'{sample_id}{suffix}'
        return None

    def describe(self) -> str:
        """Which names are looked for."""
        names = ' or '.join(f'SAMPLE_ID{suffix}' for suffix in self.suffixes)
        return f"Files are looked for as {names}, there and in the folder '{self.split}' of it."


class NamedEntries:
    """Finds entries of a file by the ids of samples.

    Files name entries by the id or by a path that has it as one of its parts, such as ``dev/ID`` or ``dev/ID/1``.

    Args:
        names: The names in the file.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names: Dict[str, List[str]] = {}
        for name in names:
            for part in {name, *name.split('/')}:
                self._names.setdefault(part, []).append(name)

    def find(self, sample_id: str, *, where: str) -> Optional[str]:
        """Return the name of a sample's entry; None if there is none.

        Raises:
            DataError: If there are several.
        """
        found = self._names.get(sample_id, [])
        if sample_id in found or len(found) == 1:
            return sample_id if sample_id in found else found[0]
        if found:
            raise DataError(f"{where}: sample '{sample_id}' has several entries: {listed(found, _NAMED)}.")
        return None
