"""Annotation files, and random mishaps of them."""

import random

from downloaded_corpora import HEADER_2014, HEADER_DAILY, HEADER_T, UNLISTED

ROWS = 6
SPLIT_ROWS = {f'S{row:06d}_P0000_T00': ('train', 'dev', 'test')[row % 3] for row in range(ROWS)}
FILES = {
    'phoenix2014': (
        'annotations/manual/train.corpus.csv',
        HEADER_2014 + ''.join(f'v{row}|v{row}/1/*.png|Signer0{row}|REGEN  SÜD{row}\n' for row in range(ROWS)),
    ),
    'phoenix2014-T': (
        'annotations/manual/PHOENIX-2014-T.train.corpus.csv',
        HEADER_T + ''.join(f'v{row}|v{row}/1/*.png|-1|-1|S{row}|REGEN {row}|für morgen\n' for row in range(ROWS)),
    ),
    'csl': ('train.txt', ''.join(f'/disk/video{row}|他 同学{row}\n' for row in range(ROWS))),
    'csl-daily': (
        'sentence_label/video_map.txt',
        HEADER_DAILY
        + '\n'.join(
            f'{row}|{name}|{row + 2}|他 {row}|他|他 。|r w' for row, name in enumerate([*SPLIT_ROWS, UNLISTED])
        ),
    ),
}
INSERTS = [
    '\0',
    '\r',
    '\t',
    '|',
    '||',
    '\u2028',
    '\u3000',
    '\ufeff',
    '../',
    '/',
    '<x> ',
    ';;',
    '"',
    ' ',
    '\x1c',
    '😀',
    '*',
]
ENCODINGS = ['utf-16', 'utf-16-le', 'latin-1', 'utf-8-sig', 'gb18030', 'utf-32']


def damage(data: bytes, rng: random.Random) -> bytes:
    """One random mishap: truncation, encoding, columns, lines, bytes, or none."""
    text, kind = data.decode('utf-8'), rng.randrange(13)
    lines = text.split('\n')
    row, place = rng.randrange(len(lines)), rng.randrange(len(text))
    if kind == 0:
        return data[: rng.randrange(len(data))]
    if kind == 1:
        return text.encode(rng.choice(ENCODINGS), errors='replace')
    if kind == 2:
        del lines[row]
    elif kind == 3:
        lines.insert(rng.randrange(len(lines)), lines[row])
    elif kind == 4:
        fields = lines[row].split('|')
        del fields[rng.randrange(len(fields))]
        lines[row] = '|'.join(fields)
    elif kind == 5:
        column = rng.randrange(4)
        lines = ['|'.join(field for index, field in enumerate(line.split('|')) if index != column) for line in lines]
    elif kind == 6:
        fields = lines[row].split('|')
        fields[rng.randrange(len(fields))] = rng.choice(['', ' ', 'x' * 5000, 'v1', 'train', '-3', '９', '..', '.'])
        lines[row] = '|'.join(fields)
    elif kind == 7:
        return (text[:place] + rng.choice(INSERTS) + text[place:]).encode('utf-8')
    elif kind == 8:
        changed = bytearray(data)
        changed[rng.randrange(len(changed))] = rng.randrange(256)
        return bytes(changed)
    elif kind == 9:
        return rng.choice([b'', b'\n', b'\n\n', b'\xef\xbb\xbf', data[: len(lines[0]) + 1]])
    elif kind == 10:
        return text.replace('\n', rng.choice(['\r\n', '\r', '\n\n'])).encode('utf-8')
    elif kind == 11:
        rng.shuffle(lines)
    return '\n'.join(lines).encode('utf-8')
