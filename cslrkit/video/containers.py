"""What the first bytes of a video file, and the sizes that it states of its parts, tell before it is decoded."""

import os
import struct
from typing import BinaryIO, Optional

# What FFmpeg may take a file for: no text, pictures, sound or raw pixels, nor lists, which name further files.
FORMATS = (
    'mov,matroska,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,vvc,obu,av1,ivf,vc1,flv,asf,ogg,mxf,gxf,nut,dv,rm,wtv,nsv,'
    'yuv4mpegpipe,gif,apng,mjpeg'
)
STREAM_FORMATS = 'rtsp,sdp,hls,mpjpeg'  # what an address may be beside those
_MOV_PARTS = (b'ftyp', b'moov', b'mdat', b'moof', b'wide', b'free', b'skip', b'pnot', b'uuid', b'sidx', b'styp')
_PICTURE_BRANDS = ('heic', 'heix', 'heim', 'heis', 'mif1', 'avif')
_PICTURE_FORMATS = ('gif', 'apng', 'mjpeg')


def may_be_picture(format_name: str, brand: str) -> bool:
    """Whether a file of that format may hold a single picture as well as a video."""
    return format_name in _PICTURE_FORMATS or brand in _PICTURE_BRANDS


def is_cut_off(path: str) -> bool:
    """Whether a file ends before what its own sizes say, as far as MP4, QuickTime, Matroska, WebM or AVI say them."""
    size = os.path.getsize(path)
    with open(path, 'rb') as file:
        head = file.read(12)
        if head[4:8] in _MOV_PARTS:
            return _mov_end(file, size) > size
        if head[:4] == b'RIFF':
            return 8 + struct.unpack('<I', head[4:8])[0] > size
        if head[:4] == b'\x1a\x45\xdf\xa3':
            return (_matroska_end(file) or 0) > size
    return False


def _mov_end(file: BinaryIO, size: int) -> int:
    """Where the last part of known kind ends."""
    end = 0
    while end + 8 <= size:
        file.seek(end)
        length, kind, long_length = struct.unpack('>I4sQ', file.read(16).ljust(16, b'\0'))
        length = long_length if length == 1 else length
        if kind not in _MOV_PARTS or length < 8:  # to the end of the file, or something else that follows
            break
        end += length
    return end


def _matroska_end(file: BinaryIO) -> Optional[int]:
    """Where the segment ends, None if it does not say."""
    file.seek(4)
    header = _matroska_number(file)
    if header is None:
        return None
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != b'\x18\x53\x80\x67':
        return None
    length = _matroska_number(file)
    return None if length is None else file.tell() + length


def _matroska_number(file: BinaryIO) -> Optional[int]:
    """Read a number whose leading zero bits tell its length; all ones mean unknown."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (1 << (7 - more)) - 1]) + file.read(more), 'big')
    return None if value == (1 << 7 * (more + 1)) - 1 else value
