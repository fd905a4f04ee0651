"""Frames from a pack that ``tools/pack_frames.py`` wrote."""

import os
from typing import Iterator, Optional, Sequence, Tuple

import numpy as np

from cslrkit.errors import DataError
from cslrkit.registry import CLIP_READERS
from cslrkit.video.clip import Clip
from cslrkit.video.clip_reader import ClipReader
from cslrkit.video.packed.codecs import make_codec
from cslrkit.video.packed.index import default_pack_dir
from cslrkit.video.packed.reader import PackReader, ShardFile
from cslrkit.video.packed.shard import ClipRecord
from cslrkit.video.packed.source_files import describe_change


@CLIP_READERS.register_module()
class PackedFrames(ClipReader):
    """Frames in a few large files, pixel for pixel those of the image files.

    The folders of frames need not be there. A sample's folder that is there is compared with the pack:
    if its files are others, the pack is out of date, which is an error.

    Args:
        frame_root: See :class:`ClipReader`.
        where: See :class:`ClipReader`.
        data_root: See :class:`ClipReader`.
        path: Folder of the pack, relative to ``data_root`` unless absolute; None is where
            ``tools/pack_frames.py`` writes by default, ``packed/`` and the name of the folder of frames.
    """

    def __init__(self, *, frame_root: str, where: str, data_root: str, path: Optional[str] = None) -> None:
        super().__init__(frame_root=frame_root, where=where, data_root=data_root)
        self.path = default_pack_dir(frame_root, data_root) if path is None else os.path.join(data_root, path)
        self._reader: Optional[PackReader] = None

    def check(self) -> None:
        """Read the index, and check that its codecs are there."""
        for index in self._open().indices:
            make_codec(index.codec)

    def clip(self, folder_pattern: str, *, where: str) -> 'PackedClip':
        """Find the sample in the pack.

        Raises:
            DataNotFoundError: If it is not packed.
            DataError: If the pack is damaged or older than the frames.
        """
        shard, record, codec = self._open().find(folder_pattern, where=where)
        change = describe_change(self.frame_root, folder_pattern, record)
        if change:
            raise DataError(
                f"{where}: the pack '{self.path}' is older than the frames: {change}. Run tools/pack_frames.py again."
            )
        return PackedClip(shard, record, codec=codec, where=where)

    def _open(self) -> PackReader:
        if self._reader is None:
            self._reader = PackReader(self.path, where=self.where)
        return self._reader


class PackedClip(Clip):
    """The packed frames of one sample.

    Args:
        shard: The file that holds them.
        record: What is known of them.
        codec: Name of the codec.
        where: How messages name the sample.
    """

    def __init__(self, shard: ShardFile, record: ClipRecord, *, codec: str, where: str) -> None:
        super().__init__(shard.path, where=where)
        self._shard = shard
        self._record = record
        self._codec = codec

    def __len__(self) -> int:
        return len(self._record.names)

    def frame_name(self, index: int) -> str:
        """Name of the image file that was packed."""
        return self._record.names[index]

    def frame_size(self, index: int = 0) -> Tuple[int, int]:
        """Height and width, from the record."""
        return self._record.sizes[index]

    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield frames."""
        try:
            yield from self._shard.decode(self._record, indices, codec=self._codec)
        except DataError as error:
            raise DataError(f'{self.where}: {error}') from error
