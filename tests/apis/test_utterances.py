"""Utterances of a long video, and what finds them."""

import re

import numpy as np
import pytest
import torch

from benchmarks.__main__ import main as run_benchmark
from cslrkit.apis import CSLRInferencer, evaluate_model
from cslrkit.apis.activity import train_activity
from cslrkit.apis.aligner import train_aligner
from cslrkit.apis.infer.frames import SampledFrame, sample_frames
from cslrkit.apis.infer.utterances import UtteranceCutter, UtterancePlan, label
from cslrkit.corpora.synthsign import make_session
from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError
from cslrkit.video.inputs import open_clips

PLAN = UtterancePlan(gap=3, shortest=2, margin=1)


@pytest.mark.parametrize(
    ('marks', 'expected'),
    [
        ('', ''),
        ('......', '......'),
        ('....###....', '...33333...'),  # one frame of margin at either end
        ('###', '000'),
        ('..#..#...', '.........'),  # single frames are none
        ('..##..##...', '.11111111..'),  # two frames are no gap
        ('..##...##...', '.1111.6666..'),
        ('##.', '000'),
        ('#.##..', '.1111.'),
    ],
)
def test_labels(marks, expected):
    scored = ((SampledFrame(np.empty(0), index, None), mark == '#') for index, mark in enumerate(marks))
    found = list(label(scored, PLAN))
    assert [frame.index for frame, _ in found] == list(range(len(marks)))
    assert ''.join('.' if start is None else str(start) for _, start in found) == expected


@pytest.mark.parametrize('mark', [True, False])
def test_few_frames_are_held(mark):
    taken = 0

    def scored():
        nonlocal taken
        for taken in range(1, 1001):
            yield SampledFrame(np.empty(0), taken, None), mark

    given = 0
    for given, _ in enumerate(label(scored(), PLAN), start=1):
        assert taken - given <= PLAN.gap + PLAN.shortest + PLAN.margin
    assert given == 1000


@pytest.fixture(scope='module')
def drawn(tiny_corpus, tmp_path_factory):
    """Rests of the signers, and a session."""
    folder = tmp_path_factory.mktemp('drawn')
    rests = [
        make_session(tiny_corpus, minutes=0.2, signer=signer, split=None, out_dir=folder).video for signer in (0, 1)
    ]
    return rests, make_session(tiny_corpus, minutes=0.5, seed=5, out_dir=folder)


@pytest.fixture(scope='module')
def active(tiny_config, untrained_checkpoint, drawn, tmp_path_factory):
    path = tmp_path_factory.mktemp('active') / 'active.pth'
    trained = train_activity(load_config(tiny_config), untrained_checkpoint, path, rests=drawn[0], steps=80)
    assert trained.num_sentences == 8
    return path


def utterances(inferencer, video):
    """First and last frame of the video of each."""
    clip = open_clips(video)[0]
    cutter = UtteranceCutter(inferencer.model, inferencer.pack, 12.5)
    found = [[frame.index for frame in frames] for _, frames in cutter(sample_frames(clip, inferencer.spec))]
    return [(indices[0], indices[-1] + 2) for indices in found]


def test_sentences_are_found(active, drawn):
    _, session = drawn
    found = utterances(CSLRInferencer(active, device='cpu'), session.video)
    signed, cut = (np.zeros(session.rests[-1][2] + 500, bool) for _ in range(2))
    for marks, stretches in ((signed, session.sentences), (cut, found)):
        for first, last in stretches:
            marks[first:last] = True
    # The network is not trained, the activity is: most of both lies in the other.
    assert (signed & cut).sum() > 0.7 * max(signed.sum(), cut.sum())


def test_a_session_is_its_utterances(active, drawn):
    _, session = drawn
    inferencer = CSLRInferencer(active, device='cpu')
    (result,) = inferencer(session.video)
    frames = [frame.image for frame in open_clips(session.video)[0].frames()]
    expected = []
    for first, last in utterances(inferencer, session.video):
        (alone,) = inferencer(np.stack(frames[first:last]), segment=False)
        expected += [(span.gloss, span.frames[0] + first, span.frames[1] + first) for span in alone.spans]
    found = [(span.gloss, *span.frames) for span in result.spans]
    assert [gloss for gloss, *_ in found] == [gloss for gloss, *_ in expected]
    assert len(found) > 2
    np.testing.assert_allclose([one[1:] for one in found], [one[1:] for one in expected], atol=1)
    assert [span.steps for span in result.spans] == sorted(span.steps for span in result.spans)
    (whole,) = inferencer(session.video, segment=False)
    assert whole.glosses != result.glosses
    assert inferencer(np.stack(frames[:8]))[0].glosses == ()  # nobody signs


def test_the_benchmark_says_what_is_reached(active, drawn, untrained_checkpoint, capsys):
    video = str(drawn[1].video)
    run_benchmark(['sessions', '--checkpoint', str(active), '--sessions', video])
    printed = capsys.readouterr().out
    for name, limit in (('wer_ratio', '1.1'), ('false_per_minute', '1')):
        assert re.search(
            rf'^sessions: {name} \d[\d.e+]*, required {limit}: (NOT REACHED|reached)$', printed, re.MULTILINE
        )
    with pytest.raises(ConfigError, match='has no activity'):
        run_benchmark(['sessions', '--checkpoint', str(untrained_checkpoint), '--sessions', video])


def test_the_network_stays_and_fitted_parts_are_kept(active, tiny_config, untrained_checkpoint, tmp_path):
    both = tmp_path / 'both.pth'
    train_aligner(load_config(tiny_config), active, both, rounds=1)
    before, after = (torch.load(path, weights_only=False)['state_dict'] for path in (untrained_checkpoint, both))
    assert {name for name in after if name not in before} == {
        name for name in after if name.startswith(('activity.', 'aligner.'))
    }
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    model = CSLRInferencer(both, device='cpu').model
    assert model.activity is not None
    assert model.aligner.is_fitted
    evaluate_model(load_config(tiny_config), both, split='dev', work_dir=tmp_path)


def test_without_videos_of_rests(tiny_config, untrained_checkpoint, tmp_path):
    trained = train_activity(load_config(tiny_config), untrained_checkpoint, tmp_path / 'held.pth', steps=5)
    assert trained.num_frames > 0
