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


@pytest.mark.parametrize('line', ['a 1 0.0 0.1', 'a 1 zero 0.1 X', 'a 1 0.0 0.1 X high'])
def test_malformed_ctm(tmp_path, line):
    path = tmp_path / 'dev.ctm'
    path.write_text(f'a 1 0 1 X\n{line}\n')
    with pytest.raises(DataError, match=r"dev.ctm' line 2: got 'a 1 .* expected sample, channel, start, duration"):
        load_ctm(path)
