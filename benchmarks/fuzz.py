"""Damages files of every kind that cslrkit reads, and sees that each is read or refused with an error of cslrkit.

Mutations that reach new lines of the package are mutated further. A fault is any other error, a file that takes more
than some seconds, memory of 512 MB above the start, a process that ends, and another content where a checksum stands
for it.
"""

import argparse
import io
import json
import os
import random
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from pathlib import Path
from typing import Any, Callable, Counter, Dict, List, NamedTuple, Optional, Set, Tuple

import cslrkit
from cslrkit.errors import ConfigError, CSLRKitError

_PACKAGE = str(Path(cslrkit.__file__).parent)
_SECONDS, _MEGABYTES = 5, 512  # of the processor for one file; above the start
_LONGEST = 120  # seconds on the clock until a process that says nothing is killed
_KEPT = 200  # mutations that reached new lines
_NUMBERS = (0, 1, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1)
_TEXTS = b'-1|0|nan|1e999|99999999999999999999|null|{|}|[]|""|"|\\|\n|\r|\t|\0|;;|../|/|,|:|\xff|\xef\xbb\xbf'
_TOKENS = (*_TEXTS.split(b'|'), b'|', b'[' * 20_000, b'{"a":' * 20_000, b'(' * 20_000, b'9' * 5000, b' ' * 100_000)


class Reader(NamedTuple):
    """A file and what reads it.

    Args:
        path: The file, which is there and whole.
        read: Reads it and returns what it says.
        sure: Whether a checksum stands for what is returned.
    """

    path: Path
    read: Callable[[], Any]
    sure: bool = False


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--inputs', type=int, metavar='N', help='over all readers (default: 200000; 4000 if short)')
    parser.add_argument('--minutes', type=float, metavar='M', help='stop after so long (default: never)')
    parser.add_argument('--first', type=int, default=0, metavar='N', help='number of the first mutation of each reader')
    parser.add_argument('--only', nargs='+', metavar='NAME', help='readers (default: all)')
    parser.add_argument('--keep', type=Path, metavar='DIR', help='where files with a fault go (default: nowhere)')


def run(args: argparse.Namespace) -> None:
    """Print a line for each reader and each fault.

    Raises:
        SystemExit: If there is a fault.
    """
    from benchmarks.fuzz_readers import make_readers

    with tempfile.TemporaryDirectory() as name:
        readers = make_readers(Path(name))
        unknown = set(args.only or ()) - set(readers)
        if unknown:
            raise ConfigError(f'--only: got {", ".join(sorted(unknown))}, expected some of {", ".join(readers)}.')
        readers = {name: readers[name] for name in args.only or readers}
        each = -(-(args.inputs or (4000 if args.short else 200_000)) // len(readers))
        begin, total, faults = time.monotonic(), 0, 0
        for place, (name, reader) in enumerate(readers.items()):
            end = None
            if args.minutes is not None:  # what is left of the time, in equal parts
                now = time.monotonic()
                end = now + (begin + 60 * args.minutes - now) / (len(readers) - place)
            counts, found = attack(name, reader, range(args.first, args.first + each), end=end, keep=args.keep)
            total, faults = total + sum(counts.values()), faults + len(found)
            row = '  '.join(f'{what} {counts[what]:5}' for what in ('refused', 'read', 'fault'))
            print(f'{name:24} tried {sum(counts.values()):6}  {row}', flush=True)
            for fault, number in found.items():
                print(f'  FAULT at {number}: {fault}', flush=True)
    print(f'{total} inputs, {len(readers)} readers, {time.monotonic() - begin:.0f} s, {faults} kinds of faults')
    if faults:
        raise SystemExit(1)


def attack(
    name: str, reader: Reader, numbers: range, *, end: Optional[float] = None, keep: Optional[Path] = None
) -> Tuple[Counter[str], Dict[str, int]]:
    """Mutate a reader's file and read it, in processes of its own.

    Args:
        name: The reader's; with the number of a mutation it seeds what is drawn.
        reader: What reads the file, which is whole again afterwards.
        numbers: Of the mutations.
        end: Time of the monotonic clock at which to stop.
        keep: Folder for files with a fault.

    Returns:
        How many were ``'refused'``, ``'read'`` and a ``'fault'``; and the number of the first mutation with each fault.
    """
    counts: Counter[str] = Counter()
    found: Dict[str, int] = {}
    whole, number = reader.path.read_bytes(), numbers.start
    while number < numbers.stop and (end is None or time.monotonic() < end):
        source, sink = os.pipe()
        child = os.fork()
        if not child:
            os.close(source)
            _read_all(name, reader, range(number, numbers.stop), sink, end=end)
        os.close(sink)
        first = number
        for outcome in _outcomes(source, child):
            what, _, fault = outcome.partition(': ')
            counts[what] += 1
            if fault and fault not in found:
                found[fault] = number
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f'{name}-{number}{reader.path.suffix}'.replace('/', '-')).write_bytes(
                        reader.path.read_bytes()
                    )
            number += 1
        reader.path.write_bytes(whole)
        if number == first and end is None:
            raise RuntimeError(f'{name}: no mutation could be read')
    return counts, found


def _outcomes(source: int, child: int) -> Any:
    """Yield a line for each mutation that a process read; a last one if it hung or ended with it."""
    fault = ''
    with os.fdopen(source, 'rb') as lines:
        while True:
            if not select.select([lines], [], [], _LONGEST)[0]:
                os.kill(child, signal.SIGKILL)
                fault = f'fault: hangs for {_LONGEST} s'
                break
            line = lines.readline().decode('utf-8', 'replace').strip()
            if not line:
                break
            yield line
    status = os.waitpid(child, 0)[1]
    if fault or os.WIFSIGNALED(status) or os.WEXITSTATUS(status):
        yield fault or f'fault: the process ended with the status {status}'


class _TooSlow(BaseException):
    pass


def _too_slow(*_: Any) -> None:
    raise _TooSlow


def _read_all(name: str, reader: Reader, numbers: range, sink: int, *, end: Optional[float]) -> None:
    """Read mutations in this process and write a line about each; ends the process."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # where libraries tell of damage
        warnings.simplefilter('ignore')
        signal.signal(signal.SIGPROF, _too_slow)
        whole, lines = reader.path.read_bytes(), set()
        expected = reader.read()
        corpus, start = [whole], _peak()
        with os.fdopen(sink, 'w', encoding='utf-8', buffering=1) as out:
            for number in numbers:
                if end is not None and time.monotonic() >= end:
                    break
                draw = random.Random(f'{name} {number}')
                data = mutate(draw.choice([whole, draw.choice(corpus)]), draw, resealed=not reader.sure)
                reader.path.write_bytes(data)
                known = len(lines)
                outcome = _outcome(reader, expected, lines)
                if len(lines) > known and len(data) < 1 << 16:
                    corpus = [*corpus, data][-_KEPT:]
                above = _peak() - start
                if above > _MEGABYTES:
                    outcome = f'fault: {_MEGABYTES} MB above the start'
                out.write(outcome.replace('\n', ' ') + '\n')
                if above > _MEGABYTES:  # the next process starts anew
                    break
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.stdout)
    finally:
        os._exit(code)


def _outcome(reader: Reader, expected: Any, lines: Set[Tuple[str, int]]) -> str:
    def trace(frame: Any, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            return None
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    sys.settrace(trace)
    try:
        found = reader.read()
    except CSLRKitError:
        return 'refused'
    except _TooSlow:
        return f'fault: takes more than {_SECONDS} s'
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in place if frame.filename.startswith(_PACKAGE)] or place
        return f'fault: {type(error).__name__}: {str(error)[:90]} ({Path(own[-1].filename).name}:{own[-1].lineno})'
    finally:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_PROF, 0)
    if reader.sure and not _equal(found, expected):
        return 'fault: another content in silence'
    return 'read'


def _equal(a: Any, b: Any) -> bool:
    return json.dumps(a, default=repr, sort_keys=True) == json.dumps(b, default=repr, sort_keys=True)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def mutate(data: bytes, draw: random.Random, *, resealed: bool = True) -> bytes:
    """Return ``data`` with one to three mishaps.

    Args:
        data: The bytes.
        draw: What draws them.
        resealed: Whether parts of a zip file may be exchanged, with checksums that are right.
    """
    for _ in range(draw.choice((1, 1, 2, 3))):
        ways: List[Callable[[bytearray, random.Random], Any]] = [_flip, _cut, _insert, _double, _exchange, _length]
        ways += [_number, _token] + ([_members] if resealed and data[:2] == b'PK' else [])
        changed = bytearray(data or b'\0')
        data = bytes(draw.choice(ways)(changed, draw) or changed)
    return data


def _block(data: bytearray, draw: random.Random) -> slice:
    start = draw.randrange(len(data))
    return slice(start, start + min(draw.choice((1, 4, 16, 256, 4096)), len(data) - start))


def _flip(data: bytearray, draw: random.Random) -> None:
    for _ in range(draw.choice((1, 1, 1, 8))):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def _cut(data: bytearray, draw: random.Random) -> None:
    del data[draw.choice((slice(draw.randrange(len(data)), None), _block(data, draw)))]


def _insert(data: bytearray, draw: random.Random) -> None:
    place = draw.randrange(len(data) + 1)
    data[place:place] = draw.randbytes(draw.choice((1, 2, 8, 100)))


def _double(data: bytearray, draw: random.Random) -> None:
    block = _block(data, draw)
    data[block.start : block.start] = bytes(data[block]) * draw.choice((1, 1, 3, 50))


def _exchange(data: bytearray, draw: random.Random) -> None:
    one, other = _block(data, draw), _block(data, draw)
    data[one], data[other] = data[other], data[one]


def _length(data: bytearray, draw: random.Random) -> None:
    size = draw.choice((1, 2, 4, 8))
    place = draw.randrange(len(data))
    number = draw.choice(_NUMBERS) % 256**size
    data[place : place + size] = number.to_bytes(size, draw.choice(('little', 'big')))


def _number(data: bytearray, draw: random.Random) -> None:
    """Change a number in text."""
    start = place = draw.randrange(len(data))
    while place < len(data) and not data[place : place + 1].isdigit():
        place += 1
    start = place
    while place < len(data) and data[place : place + 1].isdigit():
        place += 1
    data[start:place] = str(draw.choice((-1, *_NUMBERS, 'NaN', '1e400', 0.5, 10**40))).encode()


def _token(data: bytearray, draw: random.Random) -> None:
    block = _block(data, draw)
    data[block.start : draw.choice((block.start, block.stop))] = draw.choice(_TOKENS)


def _members(data: bytearray, draw: random.Random) -> Optional[bytes]:
    """Exchange two parts of a zip file, or mutate one, with the checksums of what it then has."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # it was damaged before
        return None
    one, other = draw.choice(list(parts)), draw.choice(list(parts))
    parts[one], parts[other] = parts[other], mutate(parts[one], draw, resealed=False)
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, 'w') as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        return file.getvalue()
