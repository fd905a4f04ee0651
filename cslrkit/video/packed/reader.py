"""Read packed frames through memory maps, which all processes share."""

import mmap
import os
import zlib
from collections import OrderedDict
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.video.packed.codecs import REFERENCE, DamagedFrameError, make_codec
from cslrkit.video.packed.index import PackIndex, read_indices
from cslrkit.video.packed.shard import HEADER, ClipRecord, Place, check_header, remedy

_OPEN_SHARDS = 64  # memory maps that a reader keeps, each with a file descriptor


class ShardFile:
    """One shard, mapped when something is read and again after it was sent to another process.

    Args:
        path: The file.
        size: Its size in bytes, as the index says; None does not check.
    """

    def __init__(self, path: str, size: Optional[int] = None) -> None:
        self.path = path
        self._size = size
        self._view: Optional[memoryview] = None

    def __getstate__(self) -> Dict[str, Any]:
        return dict(self.__dict__, _view=None)

    def read(self, start: int, length: int) -> memoryview:
        """Return bytes, which must lie within the file.

        Raises:
            DataNotFoundError: If the file is not there.
            DataError: If it has another size, or is no shard.
        """
        if self._view is None:
            self._view = self._map()
        if start < 0 or start + length > len(self._view):
            raise DataError(f"packed frames: '{self.path}' is damaged: it points beyond its end. {remedy(self.path)}")
        return self._view[start : start + length]

    def record(self, place: Place) -> ClipRecord:
        """Return the record at ``place``.

        Raises:
            DataError: If its checksum or its content is wrong.
        """
        offset, length, checksum, num_frames = place
        data = bytes(self.read(offset, length))
        if zlib.crc32(data) == checksum:
            try:
                record = ClipRecord.from_bytes(data)
            except ValueError:
                record = ClipRecord()
            if record.names and len(record.names) == num_frames:
                return record
        raise DataError(
            f"packed frames: '{self.path}' is damaged, or not the file that the index was written for: the record at "
            f'byte {offset} has a wrong checksum or content. {remedy(self.path)}'
        )

    def decode(self, record: ClipRecord, indices: Sequence[int], *, codec: str) -> Iterator[np.ndarray]:
        """Yield frames as uint8 RGB (H, W, 3), perhaps read-only; each frame's group is begun once.

        Raises:
            DataError: If a frame is damaged; the message names it.
        """
        decoder = make_codec(codec)
        offsets = np.concatenate([[record.start], record.start + np.cumsum(record.lengths, dtype=np.int64)]).tolist()
        reference_index, reference = -1, None

        def decode(index: int, reference: Optional[np.ndarray]) -> np.ndarray:
            data = self.read(offsets[index], record.lengths[index])
            try:
                return decoder.decode(data, kind=record.kinds[index], size=record.sizes[index], reference=reference)
            except DamagedFrameError as error:
                raise DataError(
                    f"packed frames: frame '{record.names[index]}' in '{self.path}' is damaged: {error}. "
                    f'{remedy(self.path)}'
                ) from error

        for index in indices:
            first = record.references[index]
            if first == index:
                reference_index, reference = index, decode(index, None)
                yield reference
            elif record.kinds[index] == REFERENCE:
                if first != reference_index:
                    reference_index, reference = first, decode(first, None)
                yield decode(index, reference)
            else:
                yield decode(index, None)

    def _map(self) -> memoryview:
        try:
            with open(self.path, 'rb') as file:
                size = os.fstat(file.fileno()).st_size
                if self._size is not None and size != self._size:
                    raise DataError(
                        f"packed frames: '{self.path}' has {size} bytes, expected {self._size}: it was cut off or "
                        f'replaced. {remedy(self.path)}'
                    )
                check_header(self.path, file.read(len(HEADER)))
                return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except FileNotFoundError as error:
            raise DataNotFoundError(
                f"packed frames: '{self.path}' is in the index, but does not exist. Run tools/pack_frames.py again: "
                'it writes only what is missing.'
            ) from error
        except OSError as error:
            raise DataError(f"packed frames: '{self.path}' cannot be read: {error.strerror or error}.") from error


class PackReader:
    """The samples of all splits that a folder holds packed.

    Picklable: memory maps stay in their process.

    Args:
        folder: Folder of the index files and shards.
        where: How messages begin.

    Raises:
        DataNotFoundError: If no pack is there.
        DataError: If an index cannot be read.
    """

    def __init__(self, folder: str, *, where: str) -> None:
        self.folder = folder
        self._where = where
        self._indices = read_indices(folder, where=where)
        self._shards: OrderedDict[Tuple[int, int], ShardFile] = OrderedDict()

    @property
    def indices(self) -> List[PackIndex]:
        """The index of each split."""
        return self._indices

    def find(self, pattern: str, *, where: str) -> Tuple[ShardFile, ClipRecord, str]:
        """Return the shard, the record and the codec of the sample whose frames match ``pattern``.

        Raises:
            DataNotFoundError: If it is not packed.
            DataError: If the pack is damaged.
        """
        for number, index in enumerate(self._indices):
            if pattern in index.samples:
                shard_number, place = index.samples[pattern]
                try:
                    shard = self._shard(number, shard_number)
                    return shard, shard.record(place), index.codec
                except DataNotFoundError as error:
                    raise DataNotFoundError(f'{where}: {error}') from error
                except DataError as error:
                    raise DataError(f'{where}: {error}') from error
        splits = ', '.join(index.split for index in self._indices)
        raise DataNotFoundError(
            f"{where}: '{pattern}' is not among the packed frames in '{self.folder}' (splits packed there: {splits}). "
            'Run tools/pack_frames.py for this split again: it writes only what is missing.'
        )

    def _shard(self, index_number: int, shard_number: int) -> ShardFile:
        key = index_number, shard_number
        shard = self._shards.get(key)
        if shard is None:
            name, size = self._indices[index_number].shards[shard_number]
            shard = self._shards[key] = ShardFile(os.path.join(self.folder, name), size)
            if len(self._shards) > _OPEN_SHARDS:
                self._shards.popitem(last=False)
        self._shards.move_to_end(key)
        return shard
