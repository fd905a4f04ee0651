"""Thousands of corrupted files: a clear error or the right result, nothing else."""

import random

import pytest
from score_cases import write_files

from cslrkit.errors import DataError
from cslrkit.evaluation.functional import score_sentence
from cslrkit.evaluation.report import score_files

WORDS = ['HEUTE', 'REGEN', 'NORD', '7', 'loc-SÜD', '今天', 'WIND', 'é']


def base_files(generator):
    confidence = generator.random() < 0.3
    stm, ctm = [], []
    for index in range(6):
        ref = [generator.choice(WORDS) for _ in range(generator.randint(1, 5))]
        stm.append(f'clip-{index} 1 Signer0{index % 3} 0.0 1.79769e+308 {" ".join(ref)}')
        for at in range(generator.randint(1, 5)):
            ending = f' {generator.random():.3f}' if confidence else ''
            ctm.append(f'clip-{index} 1 {at * 0.1:.2f} 0.10 {generator.choice(WORDS)}{ending}')
    return stm, ctm


def text(lines):
    return ('\n'.join(lines) + '\n').encode('utf-8')


# Each takes lines and gives bytes.


def truncated(lines, generator):
    content = text(lines)
    return content[: generator.randrange(len(content))]


def byte_replaced(lines, generator):
    content = bytearray(text(lines))
    for _ in range(generator.randint(1, 4)):
        content[generator.randrange(len(content))] = generator.randrange(256)
    return bytes(content)


def bytes_dropped(lines, generator):
    content = text(lines)
    start = generator.randrange(len(content))
    return content[:start] + content[start + generator.randint(1, 30) :]


def bytes_inserted(lines, generator):
    content = text(lines)
    place = generator.randrange(len(content))
    junk = bytes(generator.choice(b' \t\n\r;<>\x00\xff\xef\xbb\xbfa1.') for _ in range(generator.randint(1, 5)))
    return content[:place] + junk + content[place:]


def line_dropped(lines, generator):
    index = generator.randrange(len(lines))
    return text(lines[:index] + lines[index + 1 :])


def windows_line_ends(lines, generator):
    return text(lines).replace(b'\n', b'\r\n')


def with_byte_order_mark(lines, generator):
    return b'\xef\xbb\xbf' + text(lines)


def tabs(lines, generator):
    return text(lines).replace(b' ', b'\t')


def junk(lines, generator):
    return bytes(generator.randrange(256) for _ in range(generator.randint(1, 200)))


def column_missing(lines, generator):
    column = generator.randrange(5)
    broken = [index for index in range(len(lines)) if generator.random() < 0.5] or [0]
    fields = [line.split(' ') for line in lines]
    return text([' '.join(f[:column] + f[column + 1 :]) if i in broken else ' '.join(f) for i, f in enumerate(fields)])


def other_encoding(lines, generator):
    encoding = generator.choice(['utf-16', 'utf-16-le', 'utf-16-be', 'utf-32'])
    return text(lines).decode('utf-8').encode(encoding)


def latin1_or_gbk(lines, generator):
    word, encoding = generator.choice([('loc-SÜD', 'latin-1'), ('今天', 'gbk')])
    return text([*lines[:-1], lines[-1] + 'x', lines[-1]]).replace(b'x\n', word.encode(encoding) + b'\n')


def samples_twice(lines, generator):
    index = generator.randrange(6)
    again = [line for line in lines if line.startswith(f'clip-{index} ')]
    return text(lines + again)


def empty(lines, generator):
    return generator.choice([b'', b'\n\n', b';; comment\n', b'   \n', b'\xef\xbb\xbf'])


ANYTHING = [
    truncated,
    byte_replaced,
    bytes_dropped,
    bytes_inserted,
    line_dropped,
    windows_line_ends,
    with_byte_order_mark,
    tabs,
    junk,
]
ALWAYS_WRONG = [column_missing, other_encoding, latin1_or_gbk, empty]


def plain_reading(stm, ctm):
    """What the two files say, read by the letter of the format without any check."""
    refs, hyps = {}, {}
    for line in stm.decode('utf-8-sig').split('\n'):
        fields = line.rstrip('\r').replace('\t', ' ').split(' ')
        fields = [field for field in fields if field]
        if fields and not line.startswith(';;'):
            label = len(fields) > 5 and fields[5].startswith('<') and fields[5].endswith('>')
            assert fields[0] not in refs
            refs[fields[0]] = fields[6 if label else 5 :]
    for line in ctm.decode('utf-8-sig').split('\n'):
        fields = [field for field in line.rstrip('\r').replace('\t', ' ').split(' ') if field]
        if fields and not line.startswith(';;'):
            assert len(fields) in (5, 6)
            hyps.setdefault(fields[0], []).append(fields[4])
    assert set(hyps) <= set(refs)
    return refs, hyps


def check(folder, stm, ctm, mode):
    """Score; returns the message of the error, if there was one, after checking it, or the result."""
    files = write_files(folder, stm, ctm)
    try:
        corpus = score_files(*files, mode=mode)
    except DataError as error:  # anything else fails the test
        message = str(error)
        assert 'ref.stm' in message or 'hyp.ctm' in message or 'markup' in message, message
        assert len(message) > 40
        return message
    refs, hyps = plain_reading(stm, ctm)
    assert [s.sample_id for s in corpus.sentences] == list(refs)
    for sentence in corpus.sentences:
        hyp = hyps.get(sentence.sample_id, [])
        empty_word = '[EMPTY]' if mode == 'python' or sentence.sample_id in hyps else None
        expected = score_sentence(refs[sentence.sample_id], hyp, mode=mode, empty_word=empty_word)
        assert sentence.score == expected
    absent = [sample_id for sample_id in refs if sample_id not in hyps]
    assert bool(absent) == bool(corpus.notes)
    return None


@pytest.mark.slow
@pytest.mark.parametrize('corruption', [*ANYTHING, *ALWAYS_WRONG, samples_twice], ids=lambda f: f.__name__)
def test_corrupted_files(tmp_path, corruption):
    errors = 0
    for seed in range(500):
        generator = random.Random(seed)
        stm, ctm = base_files(generator)
        contents = [text(stm), text(ctm)]
        assert check(tmp_path, *contents, 'python') is None
        which = seed % 2
        contents[which] = corruption((stm, ctm)[which], generator)
        message = check(tmp_path, *contents, generator.choice(['python', 'sclite']))
        errors += message is not None
        if corruption in ALWAYS_WRONG:
            assert message is not None, contents
        if corruption is samples_twice:
            # Of a sample of one word at the very end, that word comes twice: so the file says.
            alone = which == 1 and sum(line.startswith('clip-5 ') for line in ctm) == 1
            assert message is not None or alone, contents
    if corruption in (windows_line_ends, with_byte_order_mark, tabs):
        assert errors == 0
    if corruption is junk:
        assert errors == 500
