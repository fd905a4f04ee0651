"""Drawn sessions: sentences with rests between them."""

import json

import numpy as np
import pytest

from cslrkit.corpora.segments import read_segments
from cslrkit.corpora.synthsign import make_session, read_session
from cslrkit.corpora.synthsign.motion import REST_POSE
from cslrkit.corpora.synthsign.randomness import stream
from cslrkit.corpora.synthsign.rests import rest
from cslrkit.errors import ConfigError, DataNotFoundError
from cslrkit.video.inputs import open_clips


@pytest.fixture(scope='module')
def session(tiny_corpus, tmp_path_factory):
    return make_session(tiny_corpus, minutes=0.3, seed=4, out_dir=tmp_path_factory.mktemp('sessions'))


def test_sentences_and_rests_fill_the_video(session):
    num_frames = sum(1 for _ in open_clips(session.video)[0].frames())
    assert num_frames >= 0.3 * 60 * 25
    stretches = sorted([*session.sentences, *(stretch for _, *stretch in session.rests)], key=lambda pair: pair[0])
    assert stretches[0][0] == 0
    assert stretches[-1][1] == num_frames
    assert all(before[1] == after[0] for before, after in zip(stretches, stretches[1:]))
    assert session.glosses
    for _, first, last in session.glosses:
        assert any(start < first < last < end for start, end in session.sentences)


def test_truth_is_read_by_what_reads_segments(session, tiny_corpus):
    expected = [(gloss, first / 25, last / 25) for gloss, first, last in session.glosses]
    by_json, by_csv = (read_segments(session.video.with_suffix(suffix)) for suffix in ('.json', '.csv'))
    name = session.video.stem
    assert [tuple(segment) for segment in by_json[name]] == expected
    assert [(gloss, round(25 * start), round(25 * end)) for gloss, start, end in by_csv[name]] == list(session.glosses)
    assert read_session(session.video) == session
    words = {word for word, *_ in session.glosses}
    record = json.loads((tiny_corpus / 'synthetic.json').read_text(encoding='utf-8'))
    assert words <= set(record['signs'])
    test_sentences = [
        [word for word, *_ in clip['glosses']] for clip in record['clips'].values() if clip['split'] == 'test'
    ]
    first, last = session.sentences[0]
    assert [word for word, start, _ in session.glosses if first <= start < last] in test_sentences


def test_a_seed_says_all(session, tiny_corpus, tmp_path):
    again, other = (make_session(tiny_corpus, minutes=0.05, seed=seed, out_dir=tmp_path) for seed in (4, 5))
    assert session.sentences[: len(again.sentences)] == again.sentences
    assert other.sentences != again.sentences


def test_rests_begin_and_end_with_the_hands_down():
    done = set()
    for seed in range(20):
        poses, doings = rest(300, stream(seed, 'rest'))
        assert poses.shape == (300, *REST_POSE.shape)
        np.testing.assert_allclose(poses[[0, -1]], np.stack([REST_POSE] * 2), atol=1e-9)
        assert np.abs(np.diff(poses[..., :2], axis=0)).max() < 0.25  # nothing jumps
        done |= {name for name, *_ in doings}
    assert done == {'idle', 'scratch', 'drink', 'fold'}


def test_rests_alone(tiny_corpus, tmp_path):
    alone = make_session(tiny_corpus, minutes=0.05, signer=1, split=None, out_dir=tmp_path)
    assert not alone.sentences
    assert alone.rests[0][1] == 0
    assert alone.video.name == 'Signer02-0.mp4'


def test_mistakes(tiny_corpus, tmp_path):
    with pytest.raises(DataNotFoundError, match='holds no synthetic corpus'):
        make_session(tmp_path, minutes=1)
    with pytest.raises(ConfigError, match='minutes: got 0'):
        make_session(tiny_corpus, minutes=0)
    with pytest.raises(ConfigError, match='signer: got 9, expected 0 to 2'):
        make_session(tiny_corpus, minutes=1, signer=9)
    with pytest.raises(DataNotFoundError, match='no session is described beside it'):
        read_session(tmp_path / 'none.mp4')
