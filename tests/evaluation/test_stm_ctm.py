import re

import pytest

from cslrkit.errors import DataError, DataNotFoundError, OutputError
from cslrkit.evaluation.functional import CtmEntry, StmEntry, dump_ctm, dump_stm, load_ctm, load_stm

STM = """\
clip-1 1 Signer04 0.0 1.79769e+308 ICH OSTERN  SUED WARM
/disk/video450 1 unknown 0.0 1.79769e+308 他 妈妈 的
clip-2 1 Signer05 0.5 12.25 <O,F0> \u00dcBER A\u2028B
clip-3 1 Signer05 0.0 1.79769e+308 
"""  # noqa: W291


def test_stm_round_trip(tmp_path):
    path = tmp_path / 'dev.stm'
    path.write_text(STM, encoding='utf-8')
    first, second, third, fourth = entries = load_stm(path)
    assert first.words == ('ICH', 'OSTERN', 'SUED', 'WARM')
    assert (first.text, first.signer) == ('ICH OSTERN  SUED WARM', 'Signer04')
    assert second == StmEntry('/disk/video450', '他 妈妈 的')
    assert (third.start, third.end, third.label, third.words) == (0.5, 12.25, '<O,F0>', ('ÜBER', 'A\u2028B'))
    assert fourth.words == ()
    dump_stm(tmp_path / 'new' / 'dev.stm', entries)
    assert (tmp_path / 'new' / 'dev.stm').read_text(encoding='utf-8') == STM


def test_stm_without_final_newline_with_comments_and_windows_line_ends(tmp_path):
    path = tmp_path / 'dev.stm'
    path.write_bytes(b';; comment\r\n\r\na 1 s 0 1 X Y\r\nb 1 s 0 1 KOMMEN')
    assert [entry.words for entry in load_stm(path)] == [('X', 'Y'), ('KOMMEN',)]


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('a 1 s 0.0\n', r"dev.stm' line 1: got 'a 1 s 0.0', expected sample, channel, signer"),
        ('a 1 s 0 1 X\nb 1 s zero 1 X\n', "line 2: got the times 'zero' and '1', expected seconds"),
        ('a 1 s 9 1 X\n', "line 1: got the times '9' and '1', expected seconds, the end not before the start"),
        ('a 1 s 0 inf X\n', "line 1: got the times '0' and 'inf'"),
        ('a 1 s 0 1 X\na 1 s 0 1 Y\n', "line 2: a second line for the sample 'a'"),
    ],
)
def test_malformed_stm(tmp_path, content, message):
    path = tmp_path / 'dev.stm'
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        load_stm(path)


def test_files_that_cannot_be_read_or_written(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"STM file: '.*nowhere\.stm' does not exist"):
        load_stm(tmp_path / 'nowhere.stm')
    (tmp_path / 'latin.stm').write_bytes('a 1 s 0 1 Ü\n'.encode('latin-1'))
    with pytest.raises(DataError, match='is not UTF-8'):
        load_stm(tmp_path / 'latin.stm')
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='cannot be written'):
        dump_ctm(tmp_path / 'file' / 'dev.ctm', [])


def test_ctm_round_trip(tmp_path):
    entries = [
        CtmEntry('clip-1', 0, 4, 'ICH'),
        CtmEntry('clip-1', 0.04, 1.5, '妈妈', confidence=0.25),
        CtmEntry('clip-2', 0, 0, '[EMPTY]'),
    ]
    path = tmp_path / 'dev.ctm'
    dump_ctm(path, entries, comment='start and duration in frames')
    assert path.read_text(encoding='utf-8') == (
        ';; start and duration in frames\nclip-1 1 0 4 ICH\nclip-1 1 0.040 1.500 妈妈 0.2500\nclip-2 1 0 0 [EMPTY]\n'
    )
    assert load_ctm(path) == entries


def test_ctm_round_trip_of_every_digit(tmp_path):
    lines = 'a 1 0 4 X\na 1 4 0 Y\na 1 12.5 1.234567 Z 0.123456789\n'
    (tmp_path / 'a.ctm').write_text(lines)
    entries = load_ctm(tmp_path / 'a.ctm')
    dump_ctm(tmp_path / 'b.ctm', entries)
    assert (tmp_path / 'b.ctm').read_text() == lines.replace('12.5', '12.500')
    assert load_ctm(tmp_path / 'b.ctm') == entries


@pytest.mark.parametrize(
    ('line', 'fault'),
    [
        ('a 1 2 0.1', '4 columns'),
        ('a 1 2 1 X 0.5 Y', '7 columns'),
        ('a 1 zero 0.1 X', "'zero' where a number belongs"),
        ('a 1 2 nan X', "'nan' where a number belongs"),
        ('a 1 2 1_0 X', "'1_0' where a number belongs"),
        ('a 1 2 1e999 X', "'1e999' where a number belongs"),
        ('a 1 2 0.1 X high', "'high' where a number belongs"),
        ('a 1 2 -1 X', 'a negative number'),
        ('a 1 2 1 X 7', 'the confidence 7, which lies between 0 and 1'),
    ],
)
def test_malformed_ctm(tmp_path, line, fault):
    path = tmp_path / 'dev.ctm'
    path.write_text(f'a 1 0 1 X\n{line}\n')
    with pytest.raises(
        DataError,
        match=rf"dev.ctm' line 2: got 'a 1 .* expected sample, channel, start, duration.*\({re.escape(fault)}\)",
    ):
        load_ctm(path)


@pytest.mark.parametrize(
    ('lines', 'message'),
    [
        ('a 1 0 1 X\nb 1 0 1 X\na 1 1 1 Y\n', "line 3: got sample 'a' again, after words of 'b'"),
        ('a 1 5 1 X\na 1 2 1 Y\n', "line 2: got a word of 'a' at 2, after one at 5; expected rising starts"),
        ('a 1 0 1 X 0.5\nb 1 0 1 0.9\n', "line 2: got the word '0.9' and no confidence, which other lines have"),
    ],
)
def test_ctm_that_would_be_scored_as_other_sentences(tmp_path, lines, message):
    (tmp_path / 'dev.ctm').write_text(lines)
    with pytest.raises(DataError, match=message):
        load_ctm(tmp_path / 'dev.ctm')


def test_numbers_are_glosses_where_no_line_has_a_confidence(tmp_path):
    (tmp_path / 'dev.ctm').write_text('a 1 0 0 7\na 1 0 0 7\n')
    assert [entry.word for entry in load_ctm(tmp_path / 'dev.ctm')] == ['7', '7']


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('a 1 0 1 Ü\nb 1 0 1 X\n'.encode('latin-1'), r"dev.ctm' line 1: got the byte 0xdc, which is not UTF-8"),
        ('a 1 0 1 X\nb 1 0 1 今'.encode()[:-1], 'line 2: got the byte 0xe4.* copy it again if it was cut off'),
        ('a 1 0 1 X\n'.encode('utf-16'), 'is UTF-16, expected UTF-8. Convert it'),
        ('a 1 0 1 X\n'.encode('utf-16-le'), r"line 1: got the control character '\\x00'"),
        (b'a 1 0 1 X\ra 1 1 1 Y\r\n', r"line 1: got the control character '\\r'"),
    ],
)
def test_wrong_encodings_name_the_line(tmp_path, content, message):
    (tmp_path / 'dev.ctm').write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_ctm(tmp_path / 'dev.ctm')


def test_a_byte_order_mark_is_no_part_of_the_first_id(tmp_path):
    (tmp_path / 'dev.stm').write_bytes('a 1 s 0 1 X\tY\n'.encode('utf-8-sig'))
    (entry,) = load_stm(tmp_path / 'dev.stm')
    assert (entry.sample_id, entry.words) == ('a', ('X', 'Y'))


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataError, match=r'cannot be read .* Name a text file'):
        load_stm(tmp_path)


def test_what_cannot_be_read_back_is_not_written(tmp_path):
    with pytest.raises(DataError, match="CTM file: got the word 'A B', expected one without spaces"):
        dump_ctm(tmp_path / 'dev.ctm', [CtmEntry('a', 0, 1, 'A B')])
    with pytest.raises(DataError, match="STM file: got the sample ';;a'"):
        dump_stm(tmp_path / 'dev.stm', [StmEntry(';;a', 'A')])
    with pytest.raises(DataError, match="STM file: sample 'a': got a line end in the words"):
        dump_stm(tmp_path / 'dev.stm', [StmEntry('a', 'A\nB')])
