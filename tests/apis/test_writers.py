import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import features
from pympi.Elan import Eaf

from cslrkit.apis.infer.result_files import ResultFiles
from cslrkit.apis.infer.writers import format_result, write_results
from cslrkit.errors import ConfigError, DataError, OutputError
from cslrkit.evaluation.functional import load_ctm
from cslrkit.structures import GlossSpan, Hypothesis, NBestEntry
from cslrkit.structures.result import InferenceResult
from cslrkit.video import ArrayClip, ImageClip, VideoClip, fonts, lettering
from cslrkit.video.captions import CaptionPainter, captioned_paths, write_captioned
from cslrkit.video.fonts import find_font
from cslrkit.video.inputs import FailedInput
from cslrkit.video.lettering import Lettering


def span(gloss, frames, confidence=1.0, times=None):
    return GlossSpan(1, gloss, frames=frames, times=times, confidence=confidence)


SPANS = (span('ÄRGER&<X>', (0, 10), 0.75, (0.0, 0.4)), span('天气', (12, 25), 1.0, (3723.48, 3724.0)))


def result(spans=SPANS, name='clip', **kwargs):
    hyp = Hypothesis(spans, -1.5)
    hyp = Hypothesis(spans, -1.5, (NBestEntry(hyp.gloss_ids, -1.5, glosses=hyp.glosses),))
    return InferenceResult(name, kwargs.pop('source', f'/v/{name}.mp4'), hyp, 25.0, 100, **kwargs)


def test_text_and_json(tmp_path):
    write_results([result(), result((), 'none')], tmp_path, ['text', 'json'])
    assert (tmp_path / 'glosses.txt').read_text(encoding='utf-8') == 'clip\tÄRGER&<X> 天气\nnone\t\n'
    first, second = json.loads((tmp_path / 'results.json').read_text(encoding='utf-8'))
    assert first['spans'][1] == dict(gloss='天气', start=3723.48, end=3724.0, frames=[12, 25], confidence=1.0)
    assert first['nbest'] == [dict(glosses=['ÄRGER&<X>', '天气'], score=-1.5)]
    assert first['glosses'] == ['ÄRGER&<X>', '天气']
    assert (first['nbest'][0]['score'], first['frame_rate'], second['glosses']) == (-1.5, 25.0, [])


def test_ctm_can_be_read_back(tmp_path):
    write_results([result(name='z z'), result((), 'a')], tmp_path, ['ctm'])
    entries = load_ctm(tmp_path / 'glosses.ctm')
    assert [(e.sample_id, e.start, e.duration, e.word, e.confidence) for e in entries] == [
        ('a', 0, 0, '[EMPTY]', None),
        ('z_z', 0.0, 0.4, 'ÄRGER&<X>', 0.75),
        ('z_z', 3723.48, 0.52, '天气', 1),
    ]


def test_webvtt(tmp_path):
    (path,) = write_results([result()], tmp_path, ['vtt'])
    head, *cues = path.read_text(encoding='utf-8').strip().split('\n\n')
    assert (path.name, head) == ('clip.vtt', 'WEBVTT')
    parsed = [
        re.fullmatch(r'(\d\d:[0-5]\d:[0-5]\d\.\d{3}) --> (\d\d:[0-5]\d:[0-5]\d\.\d{3})\n(.+)', cue) for cue in cues
    ]
    assert [match.groups() for match in parsed] == [
        ('00:00:00.000', '00:00:01.900', 'ÄRGER&amp;&lt;X&gt;'),  # 1.5 s longer than it is signed
        ('01:02:03.480', '01:02:05.500', '天气'),
    ]


def test_subrip_until_the_next_gloss(tmp_path):
    near = (span('A', (0, 10), times=(0.0, 0.4)), span('B.C', (20, 30), times=(0.8, 1.2)))
    (path,) = write_results([result(near)], tmp_path, ['srt'])
    assert path.read_text(encoding='utf-8') == (
        '1\n00:00:00,000 --> 00:00:00,800\nA\n\n2\n00:00:00,800 --> 00:00:02,700\nB.C\n'
    )


def test_each_result_is_written_at_once(tmp_path):
    files = ResultFiles(tmp_path / 'out', ['json', 'srt', 'ctm'], jsonl=str(tmp_path / 'all.jsonl'))
    files.add(result())
    assert [each['name'] for each in json.loads((tmp_path / 'out/results.json').read_text(encoding='utf-8'))] == [
        'clip'
    ]
    assert (tmp_path / 'out/clip.srt').is_file()
    untimed = replace(result((GlossSpan(1, 'A', frames=(0, 4), confidence=1.0),), 'b'), frame_rate=None)
    with pytest.raises(DataError, match=r'the frame rate of .* is not known'):
        files.add(untimed)
    files.add_failed(FailedInput('c.mp4', DataError('it is empty')))
    files.close()
    assert len(json.loads((tmp_path / 'out/results.json').read_text(encoding='utf-8'))) == 2
    assert {entry.sample_id for entry in load_ctm(tmp_path / 'out/glosses.ctm')} == {'clip'}
    lines = [json.loads(line) for line in (tmp_path / 'all.jsonl').read_text(encoding='utf-8').splitlines()]
    assert [line.get('name') for line in lines] == ['clip', 'b', None]
    assert lines[2] == dict(source='c.mp4', error='it is empty')


def test_a_file_name_that_is_no_text_is_written(tmp_path):
    write_results([result(name='a\udcff')], tmp_path, ['json', 'text'])
    assert json.loads((tmp_path / 'results.json').read_text(encoding='utf-8'))[0]['name'] == 'a?'


def test_elan_documents_link_the_video(tmp_path):
    video = tmp_path / 'in put' / 'clip.mp4'
    video.parent.mkdir()
    video.write_bytes(b'a video')
    (path,) = write_results([result(source=str(video))], tmp_path / 'out', ['elan'])
    assert path.name == 'clip.eaf'
    document = Eaf(str(path))
    assert sorted(document.get_annotation_data_for_tier('gloss')) == [
        (0, 400, 'ÄRGER&<X>'),
        (3723480, 3724000, '天气'),
    ]
    assert [value for *_, value in sorted(document.get_annotation_data_for_tier('confidence'))] == ['0.750', '1.000']
    assert list(document.get_tier_names()) == ['gloss', 'confidence']
    (media,) = document.media_descriptors
    assert (media['MEDIA_URL'], media['RELATIVE_MEDIA_URL']) == (video.as_uri(), '../in put/clip.mp4')
    assert media['MIME_TYPE'] == 'video/mp4'
    write_results([result((), source='no file'), result(source=str(video))], tmp_path / 'out', ['elan'])
    assert sorted(each.name for each in path.parent.iterdir()) == ['clip.eaf']  # written over, no copy is left


def test_what_cannot_be_written(tmp_path):
    untimed = result((span('A', (0, 4), 0.5),))
    for name in ('ctm', 'vtt', 'elan'):
        with pytest.raises(DataError, match='--frame-rate'):
            write_results([untimed], tmp_path, [name])
    assert 'from frame' in format_result(untimed)
    with pytest.raises(ConfigError, match="Did you mean 'elan'"):
        write_results([untimed], tmp_path, ['elam'])
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError):
        write_results([untimed], tmp_path / 'file', ['json'])


def test_table():
    lines = format_result(result()).splitlines()
    assert lines[0] == '/v/clip.mp4: 100 frames, 25 frames/s'
    assert lines[2].split() == ['0.00', '0.40', 'ÄRGER&<X>', '75', '%']
    assert 'no gloss' in format_result(result(()))


def test_running_captions():
    spans = [span(gloss, frames) for gloss, frames in (('A', (2, 4)), ('B', (6, 8)), ('C', (40, 44)))]
    painter = CaptionPainter(spans, pause=10)
    expected = {0: ([], False), 2: (['A'], True), 5: (['A'], False), 6: (['A', 'B'], True), 17: (['A', 'B'], False)}
    expected.update({18: ([], False), 41: (['C'], True)})
    assert {index: painter.visible(index) for index in expected} == expected


@pytest.mark.parametrize('suffix', ['.mp4', '.webm', '.avi', '.mkv'])
def test_captioned_video(tmp_path, suffix, capfd):
    frames = np.full((12, 64, 96, 3), 120, np.uint8)
    frames[..., 0] = 200
    source = ArrayClip(frames, frame_rate=20.0)
    spans = (span('GRÖSSE', (6, 10), 1.0, (0.3, 0.5)),)
    path = captioned_paths(tmp_path / f'out{suffix}', [source])[0]
    write_captioned(source, InferenceResult('a', 'a', Hypothesis(spans, 0.0), 20.0, 12), path)
    video = VideoClip(str(path))
    written = [frame.image.astype(int) for frame in video.frames()]
    assert (len(written), written[0].shape, video.frame_rate) == (12, (64, 96, 3), 20.0)
    assert np.abs(written[2] - frames[2]).max() < 12  # nothing yet
    assert np.abs(written[8][:40] - frames[8][:40]).max() < 40
    band = written[8][-10:]
    yellow = (band[..., 0] > 180) & (band[..., 1] > 140) & (band[..., 2] < 140)
    assert yellow.any()
    assert np.median(band) < 80
    assert capfd.readouterr() == ('', '')  # no library says anything of the file


def test_right_to_left_captions(tmp_path):
    glosses = ('\u05e9\u05dc\u05d5\u05dd', '\u0628\u064a\u062a', 'A1')
    spans = [span(gloss, (2 * i, 2 * i + 2), times=(i, i + 1.0)) for i, gloss in enumerate(glosses)]
    drawn = CaptionPainter(spans, pause=10).draw(np.zeros((64, 200, 3), np.uint8), 2).astype(int)
    now = np.flatnonzero((drawn[..., 0] > drawn[..., 2] + 60).any(0))  # yellow: the second gloss
    before = np.flatnonzero((drawn[..., 2] > 100).any(0))
    assert len(now)
    assert len(before)
    assert now.max() < before.min()
    (path,) = write_results([result(tuple(spans))], tmp_path, ['srt'])
    assert [line for line in path.read_text(encoding='utf-8').splitlines() if '\u2069' in line] == [
        f'\u2068{gloss}\u2069' for gloss in glosses
    ]


@pytest.mark.skipif(not features.check('raqm'), reason='this Pillow has no raqm')
def test_arabic_letters_are_joined():
    gloss = '\u0628\u064a\u062a'
    letters = Lettering([gloss])
    assert letters.length(gloss, 40) < 0.9 * sum(letters.length(each, 40) for each in gloss)


def test_each_character_has_its_font(monkeypatch):
    latin, other = '/latin.ttf', '/other.ttf'
    having = {latin: set(map(ord, 'AB ')), other: {0x5929, 0x6C14}}
    monkeypatch.setattr(fonts, '_candidates', lambda: [latin, other])
    for module in (fonts, lettering):
        monkeypatch.setattr(module, 'characters_of', having.__getitem__)
    letters = Lettering(['A \u5929\u6c14 B'])
    assert letters._runs('A \u5929\u6c14 B') == [(latin, 'A '), (other, '\u5929\u6c14 '), (latin, 'B')]


def test_captions_that_cannot_be_drawn(tmp_path):
    source = ArrayClip(np.zeros((1, 8, 8, 3), np.uint8))
    with pytest.raises(ConfigError, match=r'\.gif'):
        captioned_paths(tmp_path / 'a.gif', [source])
    with pytest.raises(ConfigError, match='2 inputs'):
        captioned_paths(tmp_path / 'a.mp4', [source, source])
    assert captioned_paths(tmp_path, [source]) == [tmp_path / 'array.mp4']
    own = tmp_path / 'own.mp4'
    own.write_bytes(b'a video')
    with pytest.raises(ConfigError, match=r'own\.mp4. is an input itself'):
        captioned_paths(own, [ImageClip([str(own)], name='own')])
    with pytest.raises(ConfigError, match=r'own\.mp4. is an input itself'):
        captioned_paths(tmp_path, [source, ImageClip([str(own)], name='own')])
    for odd in ('\U0010fffd', '\udcff'):
        with pytest.warns(UserWarning, match=r'no font of this system has .* drawn as boxes'):
            painter = CaptionPainter([span(f'A{odd}', (0, 4))], pause=10)
        assert painter.draw(np.zeros((64, 96, 3), np.uint8), 1).any()
    broken = tmp_path / 'broken.ttf'
    broken.write_bytes(b'nothing')
    with pytest.raises(DataError, match=r'broken\.ttf'):
        find_font(['A'], str(broken))
