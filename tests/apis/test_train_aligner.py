"""Fitting an aligner, and testing and inferring with it."""

import json

import pytest

from cslrkit.apis import CSLRInferencer, evaluate_model
from cslrkit.apis.aligner import train_aligner
from cslrkit.corpora.synthsign import render_videos
from cslrkit.engine.config import load_config


@pytest.fixture(scope='module')
def aligned(tiny_config, untrained_checkpoint, tmp_path_factory):
    path = tmp_path_factory.mktemp('aligned') / 'aligned.pth'
    train_aligner(load_config(tiny_config), untrained_checkpoint, path, rounds=2)
    return path


def test_testing_places_glosses_and_keeps_them(aligned, tiny_config, untrained_checkpoint, tmp_path):
    found = []
    for name, checkpoint in (('plain', untrained_checkpoint), ('aligned', aligned)):
        evaluate_model(load_config(tiny_config), checkpoint, split='dev', work_dir=tmp_path / name)
        found.append(json.loads((tmp_path / name / 'dev.json').read_text()))
    plain, placed = found
    assert plain['metrics'] == placed['metrics']
    assert [one['hyp'] for one in plain['sentences']] == [one['hyp'] for one in placed['sentences']]
    assert any(one['hyp'] for one in plain['sentences'])
    assert [one['frame_spans'] for one in plain['sentences']] != [one['frame_spans'] for one in placed['sentences']]


def test_inference_takes_it_from_the_checkpoint(aligned, untrained_checkpoint, tiny_corpus, tmp_path):
    (video,) = render_videos(tiny_corpus, split='dev', out_dir=tmp_path)
    (plain,) = CSLRInferencer(untrained_checkpoint, device='cpu')(video)
    inferencer = CSLRInferencer(aligned, device='cpu')
    (whole,), (windows,) = inferencer(video, window=None), inferencer(video, window=0.8, overlap=0.4)
    assert whole.glosses == plain.glosses
    assert whole.hyp.frame_spans != plain.hyp.frame_spans
    assert windows.num_windows > 1
    for span in (*whole.spans, *windows.spans):
        assert 0 <= span.frames[0] < span.frames[1] <= whole.num_frames
        assert span.times == pytest.approx((span.frames[0] / 25, span.frames[1] / 25))


def test_it_is_fitted_again_on_a_checkpoint_that_has_one(aligned, tiny_config, tmp_path):
    fitted = train_aligner(load_config(tiny_config), aligned, tmp_path / 'again.safetensors', rounds=1, states=3)
    assert fitted.model.means.shape[1] == 3
    assert (tmp_path / 'again.safetensors').is_file()
