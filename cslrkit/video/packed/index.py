"""The index of a split's pack: which shard holds which sample, and where."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Tuple, Union

from cslrkit.errors import DataError, DataNotFoundError, OutputError
from cslrkit.utils.files import write_atomically
from cslrkit.utils.plain_json import parse_json
from cslrkit.video.packed.shard import VERSION, Place, is_count

FORMAT = 'cslrkit packed frames'
SUFFIX = '.index.json'
HOW_TO_PACK = 'Pack the corpus with tools/pack_frames.py (docs/packed_frames.md).'


@dataclass(frozen=True)
class PackIndex:
    """What a split's pack holds.

    Args:
        split: Name of the split.
        codec: Name of the codec.
        shards: Name and bytes of each shard.
        samples: Pattern of a sample's frames -> number of the shard, place of the record in it.
    """

    split: str
    codec: str
    shards: List[Tuple[str, int]]
    samples: Dict[str, Tuple[int, Place]]

    @property
    def num_frames(self) -> int:
        """Number of frames of all samples."""
        return sum(place[3] for _, place in self.samples.values())

    @property
    def num_bytes(self) -> int:
        """Size of all shards."""
        return sum(size for _, size in self.shards)

    def write(self, folder: Union[str, Path]) -> None:
        """Write the index into the folder of the shards, in one step.

        Raises:
            OutputError: If it cannot be written.
        """
        content = dict(format=FORMAT, version=VERSION, split=self.split, codec=self.codec, shards=self.shards)
        content['samples'] = {pattern: [shard, *place] for pattern, (shard, place) in self.samples.items()}
        path = index_file(folder, self.split)
        try:
            write_atomically(path, json.dumps(content, separators=(',', ':')))
        except OutputError as error:
            raise OutputError(f'{error} What is packed stays packed; run again.') from error


def index_file(folder: Union[str, Path], split: str) -> Path:
    """Path of the index of a split."""
    return Path(folder, split + SUFFIX)


def default_pack_dir(frame_root: str, data_root: str) -> str:
    """Return where the pack of a folder of frames is unless a path is given: ``{data_root}/packed/{its name}``."""
    same = os.path.abspath(frame_root) == os.path.abspath(data_root)
    return os.path.join(data_root, 'packed', 'frames' if same else os.path.basename(os.path.normpath(frame_root)))


def read_indices(folder: Union[str, Path], *, where: str) -> List[PackIndex]:
    """Return the indices of all splits in ``folder``.

    Raises:
        DataNotFoundError: If there is none.
        DataError: If one is malformed or of another version.
    """
    files = sorted(Path(folder).glob('*' + SUFFIX))
    if not files:
        if not os.path.isdir(folder):
            state = 'does not exist'
        else:
            unfinished = any(Path(folder).glob('*.frames'))
            state = 'has frames but no index, so packing was not finished' if unfinished else 'has no packed frames'
        raise DataNotFoundError(
            f"{where}: packed frames: '{folder}' {state}. {HOW_TO_PACK} Or set the path in frames=dict("
            "type='PackedFrames', path=...), or take the folders with type='ImageFolders'."
        )
    return [read_index(path, where=where) for path in files]


def read_index(path: Path, *, where: str) -> PackIndex:
    """Return one index.

    Raises:
        DataError: If it is malformed or of another version.
    """
    advice = 'Run tools/pack_frames.py again: it keeps the frames that are packed.'
    try:
        content = parse_json(path.read_text(encoding='utf-8'))
        if content['format'] != FORMAT:
            raise ValueError('another format')
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{where}: packed frames: '{path}' cannot be read as an index ({type(error).__name__}). {advice}"
        ) from error
    if content.get('version') != VERSION:
        raise DataError(
            f"{where}: packed frames: '{path}' has version {content.get('version')!r} of the format, this cslrkit "
            f'reads {VERSION}. Pack the corpus again with this one, or use the cslrkit that packed it.'
        )
    try:
        shards = [(str(name), size) for name, size in content['shards']]
        samples = {
            pattern: (shard, (offset, length, checksum, frames))
            for pattern, (shard, offset, length, checksum, frames) in content['samples'].items()
        }
        numbers = [number for shard, place in samples.values() for number in (shard, *place)]
        if not all(map(is_count, [*numbers, *(size for _, size in shards)])):
            raise ValueError('a number is none')
        if any(shard >= len(shards) for shard, _ in samples.values()):
            raise ValueError('no such shard')
        return PackIndex(str(content['split']), str(content['codec']), shards, samples)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{where}: packed frames: '{path}' is damaged ({error}). {advice}") from error
