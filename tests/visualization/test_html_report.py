"""The values behind the page, and the page as a file."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from results_files import SENTENCES, write_results

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.evaluation.report import by_frequency, compare_corpora, score_files, summarize
from cslrkit.visualization import html_report
from cslrkit.visualization.html_report import gather, load_results, render_page

NASTY = '</script><img src=x onerror="boom()">&amp;\'\u2028'


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp('runs')
    return [load_results(write_results(folder / name, system=system)) for system, name in enumerate('AB')]


def test_numbers_are_those_of_score_py(runs):
    content = gather(runs)
    corpora = [score_files(run.path.with_suffix('.stm'), run.path.with_suffix('.ctm')) for run in runs]
    for run, corpus in zip(content['runs'], corpora):
        summary = summarize(corpus)
        assert run['metrics'] == {**summary['metrics'], 'num_missing': 0}
        assert run['interval'] == summary['interval']
        assert [row[:2] for row in run['groups']['signer']] == [[g['name'], g['wer']] for g in summary['by_signer']]
        assert run['confusions']['D'] == [[c['gloss'], c['count']] for c in summary['confusions']['deleted']]
    assert content['comparison'] == compare_corpora(*corpora)
    assert content['runs'][0]['name'] == 'A/dev'


def test_sentences_keep_their_alignment_and_times(runs):
    first, *_, empty = gather(runs[:1])['sentences']
    assert (first['id'], first['signer'], first['frames'], first['rate']) == ('a', 'Ann', 50, 25.0)
    assert first['runs'][0]['ops'] == 'CSC'
    assert first['runs'][0]['spans'] == [[2, 8], [12, 18], [22, 28]]
    assert (empty['runs'][0]['ops'], empty['runs'][0]['spans']) == ('DS', None)


def test_errors_by_frequency_of_the_gloss(runs):
    # In the references REGEN, SONNE and NORD are there twice, the other four once. Of the first: one
    # substituted (a), one missed (b), one missed (e). Of the others: WIND substituted (e) and inserted (c).
    once, twice = gather(runs[:1])['runs'][0]['groups']['frequency']
    assert once == ['1', pytest.approx(50.0), 1, 0, 1, 5, 4]
    assert twice == ['2-4', pytest.approx(50.0), 1, 2, 0, 5, 6]
    groups = by_frequency(runs[0].corpus.sentences, {'REGEN': 1000, 'SONNE': 49, 'NORD': 50})
    assert [group['name'] for group in groups] == ['0', '20-49', '50-99', '1000+']


def test_frequency_in_training_labels(runs, tmp_path):
    entry = {'folder': 'x', 'signer': 's', 'original_info': '', 'num_frames': 1}
    info = {i: {**entry, 'fileid': str(i), 'label': 'REGEN SONNE'} for i in range(10)}
    np.save(tmp_path / 'train_info.npy', info)
    content = gather(runs[:1], train_info=tmp_path / 'train_info.npy')
    assert [row[0] for row in content['runs'][0]['groups']['frequency']] == ['0', '10-19']
    assert 'train_info.npy' in render_page(content)


def test_results_of_score_py_are_taken(runs):
    path = runs[0].path
    summary = summarize(score_files(path.with_suffix('.stm'), path.with_suffix('.ctm')))
    (path.parent / 'score.json').write_text(json.dumps(summary))
    content = gather([load_results(path.parent / 'score.json')])
    assert content['runs'][0]['metrics'] == summary['metrics']
    assert content['sentences'][0]['runs'][0]['spans'] is None


def test_nothing_of_the_data_becomes_markup(tmp_path):
    sentences = [(f'a{NASTY}', NASTY, NASTY.replace(' ', ''), 'X', 'Y')]
    run = load_results(write_results(tmp_path, sentences=sentences), name=NASTY)
    page = render_page(gather([run]))
    assert page.count('</script>') == 2
    assert '<img' not in page
    embedded = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL).group(1))
    assert embedded['sentences'][0]['signer'] == NASTY


def test_the_page_names_no_address(runs):
    page = render_page(gather(runs))
    assert set(re.findall(r'https?://[^"\'\s<)]+', page)) == {'http://www.w3.org/2000/svg'}  # a name, not loaded
    assert not re.findall(r'<link(?! rel="icon" href="data:,">)|\bsrc=|@import|url\(|fetch\(|import\(', page)


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_text_stands_out(scheme):
    """WCAG 2 AA: a contrast of 4.5 of each text on what it stands on."""
    css = Path(html_report.__file__).with_name('report.css').read_text()
    light, dark = re.findall(r':root \{(.*?)\}', css, re.DOTALL)
    colours = dict(re.findall(r'--([\w-]+): (#\w{6})', {'light': light, 'dark': dark}[scheme]))
    pairs = [(text, ground) for text in ('text', 'muted', 'accent') for ground in ('page', 'panel')]
    pairs += [(f'on-{kind}', kind) for kind in ('correct', 'substituted', 'deleted', 'inserted')]
    pairs += [(f'on-{kind}', 'page') for kind in ('substituted', 'deleted', 'inserted')]  # labels of the plot
    pairs += [('text', 'bar'), ('muted', 'correct')]
    for text, ground in pairs:
        light, dark = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_other_sentences_are_named(runs, tmp_path):
    other = load_results(write_results(tmp_path, sentences=[*SENTENCES[1:], ('x', 'Ann', 'A', 'A', 'A')]))
    with pytest.raises(DataError, match=r'1 of 5 only in the first \(a\), 1 of 5 only in the second \(x\)'):
        gather([runs[0], other])


def test_other_references_are_named(runs, tmp_path):
    other = load_results(write_results(tmp_path, mode='sclite'))
    with pytest.raises(
        DataError, match=r"5 of 5 references differ .*'a' is 'HEUTE REGEN NORD' in the first and 'heute"
    ):
        gather([runs[0], other])


def test_other_order_is_no_difference(runs, tmp_path):
    content = json.loads(runs[1].path.read_text())
    content['sentences'].reverse()
    (tmp_path / 'dev.json').write_text(json.dumps(content))
    assert gather([runs[0], load_results(tmp_path / 'dev.json')])['comparison'] == gather(runs)['comparison']


def test_other_rules_are_told(runs, tmp_path):
    other = load_results(write_results(tmp_path, normalizer='phoenix2014'))
    assert "normalizer 'phoenix2014'" in gather([runs[0], other])['notes'][0]


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('not json', 'is not a JSON file'),
        ('[1]', "got a list, expected results with 'sentences'"),
        ('{"a": 1, "b": 2}', "got a, b, expected results with 'sentences'"),
        ('{"sentences": []}', 'holds no sentence'),
        ('{"sentences": [3]}', 'sentence 1: got 3, expected an object'),
        ('{"sentences": [{"sample_id": "a"}]}', "sentence 1: 'ref': got nothing, expected a list of glosses"),
    ],
)
def test_what_is_no_results_file(tmp_path, content, message):
    (tmp_path / 'x.json').write_text(content)
    with pytest.raises(DataError, match=re.escape(message)):
        load_results(tmp_path / 'x.json')


@pytest.mark.parametrize(
    ('key', 'value', 'message'),
    [
        ('sample_id', None, "sentence 1: 'sample_id': got None, expected a string"),
        ('edits', 'CC', "sentence 1: 'edits': got 'CC', expected steps C, S, D and I over 3 reference and 3"),
        ('edits', 'CXC', "sentence 1: 'edits': got 'CXC', expected steps"),
        ('errors', -1, "sentence 1: 'errors': got -1, expected a count"),
        ('scored_hyp', 'HEUTE', "sentence 1: 'scored_hyp': got 'HEUTE', expected a list of glosses"),
        ('scored_spans', [[1, 2]], "sentence 1: 'scored_spans': got .*, expected 3 pairs of frames"),
        ('scored_confidence', [2, 0, 0], "'scored_confidence': got .*, expected 3 numbers from 0 to 1"),
        ('frame_rate', 'x', "'frame_rate': got 'x', expected a number or null"),
        ('sample_id', 'b', 'samples come twice: b'),
    ],
)
def test_damaged_sentences(runs, tmp_path, key, value, message):
    content = json.loads(runs[0].path.read_text())
    content['sentences'][0][key] = value
    (tmp_path / 'x.json').write_text(json.dumps(content))
    with pytest.raises(DataError, match=message):
        load_results(tmp_path / 'x.json')


@pytest.mark.parametrize(
    ('key', 'value'), [('errors', 0), ('words', 9), ('edits', 'CCC'), ('scored_hyp', ['HEUTE', 'REGEN', 'NORD'])]
)
def test_a_result_that_was_changed_is_refused(tmp_path, key, value):
    path = write_results(tmp_path)
    content = json.loads(path.read_text(encoding='utf-8'))
    content['sentences'][0][key] = value
    path.write_text(json.dumps(content), encoding='utf-8')
    with pytest.raises(DataError, match=r'sentence 1: got \d errors in \d words, expected .* The file was changed'):
        load_results(path)


def test_folders_and_absent_files(runs, tmp_path):
    with pytest.raises(DataError, match=r'is a folder, expected a file\. It holds dev\.json'):
        load_results(runs[1].path.parent)
    with pytest.raises(DataNotFoundError, match='does not exist'):
        load_results(tmp_path / 'none.json')


def test_the_tool(runs, tmp_path, run_tool):
    paths = [run.path for run in runs]
    done = run_tool('analysis/report.py', *paths, '--names', 'old', 'new', '--out', tmp_path / 'out' / 'x.html')
    assert done.stdout == f'WER old 50.00 %, new 40.00 % (5 sentences)\nwritten to {tmp_path}/out/x.html\n'
    assert 'Comparison of two runs' in (tmp_path / 'out' / 'x.html').read_text(encoding='utf-8')
