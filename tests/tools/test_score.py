"""Scoring files, run as a user runs it."""

import json

import pytest

STM = """\
a 1 Ann 0.0 1.79769e+308 HEUTE REGEN NORD
b 1 Bo 0.0 1.79769e+308 MORGEN SONNE
"""
CTM = 'a 1 0 1 HEUTE\na 1 1 1 SCHNEE\na 1 2 1 NORD\nb 1 0 1 MORGEN\n'


@pytest.fixture
def files(tmp_path):
    (tmp_path / 'ref.stm').write_text(STM)
    (tmp_path / 'a.ctm').write_text(CTM)
    (tmp_path / 'b.ctm').write_text(CTM.replace('SCHNEE', 'REGEN'))
    return tmp_path


def test_scores_alignments_and_json(files, run_tool):
    done = run_tool(
        'score.py', '--ref', 'ref.stm', '--hyp', 'a.ctm', '--alignments', '--json', 'out/score.json', cwd=files
    )
    assert done.stderr == ''
    assert 'WER 40.00 %   95 % interval 33.33 to 50.00 (10000 resamples of sentences, seed 0)' in done.stdout
    assert 'REGEN          SCHNEE         1' in done.stdout
    assert 'a (Ann): 3 words, 1 substituted, 0 deleted, 0 inserted\nREF  HEUTE REGEN  NORD\n' in done.stdout
    content = json.loads((files / 'out' / 'score.json').read_text(encoding='utf-8'))
    assert content['metrics']['wer'] == pytest.approx(40.0)
    assert content['settings']['mode'] == 'python'
    assert [group['name'] for group in content['by_signer']] == ['Ann', 'Bo']
    assert len(content['sentences']) == 2


def test_comparison(files, run_tool):
    options = ('--resamples', 500, '--seed', 2, '--json', 'c.json', '--alignments', 'al.txt', '--mode', 'sclite')
    done = run_tool('score.py', '--ref', 'ref.stm', '--compare', 'a.ctm', 'b.ctm', *options, cwd=files)
    assert 'B - A       -20.00 percent points' in done.stdout
    content = json.loads((files / 'c.json').read_text())
    assert content['comparison']['difference'] == pytest.approx(-20.0)
    assert (content['a']['metrics']['errors'], content['b']['metrics']['errors']) == (2, 1)
    text = (files / 'al.txt').read_text()
    assert text.startswith('a.ctm\n\na (Ann)')
    assert '\n\nb.ctm\n\na (Ann)' in text


def test_a_normalizer_from_a_module_beside(files, run_tool):
    (files / 'my_rules.py').write_text(
        'from cslrkit.registry import NORMALIZERS\n\n\n'
        "@NORMALIZERS.register_module(name='snow-is-rain')\n"
        'class SnowIsRain:\n'
        '    def hypothesis_word(self, word):\n'
        "        return 'REGEN' if word == 'SCHNEE' else word\n\n"
        '    def reference(self, words, *, split):\n'
        '        return list(words)\n'
    )
    options = ('--normalizer', 'snow-is-rain', '--import', 'my_rules')
    done = run_tool('score.py', '--ref', 'ref.stm', '--hyp', 'a.ctm', *options, cwd=files)
    assert 'WER 20.00 %' in done.stdout
    assert "normalizer 'snow-is-rain'" in done.stdout


def test_missing_sentences_are_told(files, run_tool):
    (files / 'a.ctm').write_text('b 1 0 1 MORGEN\n')
    done = run_tool('score.py', '--ref', 'ref.stm', '--hyp', 'a.ctm', cwd=files)
    assert done.stderr.startswith("warning: 'a.ctm' has no word of 1 of 2 sentences (a); they count as the one word")


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (('--hyp', 'none.ctm'), "CTM file: 'none.ctm' does not exist"),
        (('--hyp', 'ref.stm'), "CTM file: 'ref.stm' line 1: got 'a 1 Ann"),
        (('--hyp', 'a.ctm', '--normalizer', 'phoenix'), "Did you mean 'phoenix2014'"),
        (('--hyp', 'a.ctm', '--import', 'no_such_module'), '--import no_such_module: ModuleNotFoundError'),
        (('--hyp', 'a.ctm', '--missing', 'error', '--resamples', '0'), 'resamples: got 0'),
        (('--hyp', 'a.ctm', '--json', 'ref.stm/x.json'), 'cannot be written'),
    ],
)
def test_mistakes_are_one_line(files, run_tool, options, message):
    done = run_tool('score.py', '--ref', 'ref.stm', *options, check=False, cwd=files)
    assert done.returncode == 1
    assert done.stderr.startswith('error: ')
    assert len(done.stderr.splitlines()) == 1
    assert message in done.stderr
