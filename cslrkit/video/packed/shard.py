"""The layout of a shard: a file with the frames of some samples.

``header``, then for each sample the bytes of its frames and its record, then the footer, which lists
where the records are, and the trailer, which says where the footer is. A file without a trailer was
not written to its end. Numbers are little-endian.
"""

import json
import os
import struct
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Tuple

from cslrkit.errors import DataError
from cslrkit.utils.plain_json import parse_json

VERSION = 1
HEADER = b'CSLRPACK' + struct.pack('<II', VERSION, 0)
_TRAILER = struct.Struct('<QII8s')  # offset and length of the footer, its checksum, the magic word
_MAGIC = b'KCAPRLSC'
_TOO_MUCH = 1 << 56  # sums of some million of these still are file offsets

Place = Tuple[int, int, int, int]  # of a record: offset, length, checksum; number of frames


@dataclass
class ClipRecord:
    """What is known of the frames of one sample.

    Args:
        names: File names, sorted.
        sizes: Height and width of each frame.
        kinds: One letter for each frame: how the codec stored it.
        references: For each frame the frame that its group begins with.
        lengths: Bytes of each frame, which follow one another.
        start: Offset in the shard of the first frame.
        source_bytes: Bytes of the image files.
        source_changed: Time of change of their folder, in ns; 0 where it has none of its own.
    """

    names: List[str] = field(default_factory=list)
    sizes: List[Tuple[int, int]] = field(default_factory=list)
    kinds: str = ''
    references: List[int] = field(default_factory=list)
    lengths: List[int] = field(default_factory=list)
    start: int = 0
    source_bytes: int = 0
    source_changed: int = 0

    def to_bytes(self) -> bytes:
        """Write the record."""
        content = asdict(self)
        if len(set(self.sizes)) == 1:
            content['sizes'] = [self.sizes[0]]
        return to_json(content)

    @classmethod
    def from_bytes(cls, data: bytes) -> 'ClipRecord':
        """Read what :meth:`to_bytes` wrote.

        Raises:
            ValueError: If it is anything else; a checksum does not tell who wrote it.
        """
        try:
            record = cls(**parse_json(data))
            record.sizes = [(height, width) for height, width in record.sizes]
            if len(record.sizes) == 1:
                record.sizes *= len(record.names)
            record._check()
        except (TypeError, KeyError) as error:
            raise ValueError(f'malformed record: {error}') from error
        return record

    def _check(self) -> None:
        columns = (self.names, self.sizes, self.kinds, self.references, self.lengths)
        if {len(column) for column in columns} != {len(self.names)} or not self.names:
            raise ValueError('malformed record: columns of several lengths, or no frame')
        sides = [side for size in self.sizes for side in size]
        if not all(map(is_count, [*sides, *self.references, *self.lengths, self.start])) or 0 in sides:
            raise ValueError('malformed record: a number is none')
        if not all(isinstance(name, str) for name in (*self.names, self.kinds)):
            raise ValueError('malformed record: a name is none')
        for index, first in enumerate(self.references):
            # Each group begins with a frame of its own, which its other frames have the size of.
            if first > index or self.references[first] != first or self.sizes[first] != self.sizes[index]:
                raise ValueError('malformed record: a reference is none')


def is_count(number: Any) -> bool:
    """Whether a value out of a file is an integer that sizes and offsets can have."""
    return type(number) is int and 0 <= number < _TOO_MUCH


def to_json(content: Dict[str, Any]) -> bytes:
    """Compact JSON."""
    return json.dumps(content, separators=(',', ':')).encode()


def footer_bytes(footer: Dict[str, Any], offset: int) -> bytes:
    """Return the footer, which begins at ``offset``, and the trailer."""
    content = to_json(footer)
    return content + _TRAILER.pack(offset, len(content), zlib.crc32(content), _MAGIC)


def read_footer(path: str) -> Dict[str, Any]:
    """Return the footer of a shard: ``codec``, ``fingerprint`` and ``samples`` (pattern -> :data:`Place`).

    Raises:
        DataError: If the file is not a whole shard of this version.
    """
    try:
        with open(path, 'rb') as file:
            check_header(path, file.read(len(HEADER)))
            size = os.fstat(file.fileno()).st_size
            file.seek(max(len(HEADER), size - _TRAILER.size))
            trailer = file.read()
            if len(trailer) == _TRAILER.size and trailer.endswith(_MAGIC):
                offset, length, checksum, _ = _TRAILER.unpack(trailer)
                file.seek(min(offset, size))
                content = file.read(length)
                if zlib.crc32(content) == checksum:
                    footer = parse_json(content)
                    if isinstance(footer, dict) and {'codec', 'fingerprint', 'samples'} <= set(footer):
                        return footer
    except OSError as error:
        raise DataError(f"packed frames: '{path}' cannot be read: {error.strerror or error}. {remedy(path)}") from error
    except ValueError:
        pass  # no JSON: damaged too
    raise DataError(f"packed frames: '{path}' is cut off or damaged at its end. {remedy(path)}")


def check_header(path: str, header: bytes) -> None:
    """Check that a shard begins as this version of cslrkit writes it.

    Raises:
        DataError: If not.
    """
    if header[:8] != HEADER[:8]:
        raise DataError(f"packed frames: '{path}' is not a file of packed frames. {remedy(path)}")
    if header != HEADER:
        version = struct.unpack('<I', header[8:12])[0] if len(header) >= 12 else 'none'
        raise DataError(
            f"packed frames: '{path}' has version {version} of the format, this cslrkit reads {VERSION}. Pack the "
            'corpus again with this one, or use the cslrkit that packed it.'
        )


def remedy(path: str) -> str:
    """What to do about a damaged shard."""
    return f"Delete '{os.path.basename(path)}' and run tools/pack_frames.py again: it writes only what is missing."
