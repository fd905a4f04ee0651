"""The run of one clip and its page, without Gradio."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from cslrkit.apis import CSLRInferencer
from cslrkit.apis.infer import open_clips, read_clip
from cslrkit.demo import Limits, render_error, render_run, run_clip
from cslrkit.demo.clip_run import _cam_pieces
from cslrkit.errors import DataError
from cslrkit.structures import GlossSpan, Hypothesis
from cslrkit.visualization import compute_cam


@pytest.fixture(scope='module')
def inferencer(demo_checkpoint):
    return CSLRInferencer(demo_checkpoint, device='cpu')


@pytest.fixture(scope='module')
def run(inferencer, demo_video):
    return run_clip(inferencer, demo_video)


def test_glosses_are_those_of_the_inferencer(run, inferencer, demo_video):
    assert run.result == inferencer(str(demo_video))[0]
    assert run.result.spans, 'an untrained network that sees nothing tests nothing'
    assert run.name == demo_video.name


def test_plot_and_video_can_be_read(run, inferencer, tmp_path):
    plot = cv2.imdecode(np.frombuffer(run.plot, np.uint8), cv2.IMREAD_COLOR)
    assert plot.shape == (400, 900, 3)
    assert len(np.unique(plot.reshape(-1, 3), axis=0)) > 100
    (tmp_path / 'heat.webm').write_bytes(run.video)
    frames = [frame.image for frame in open_clips(str(tmp_path / 'heat.webm'))[0].frames()]
    assert len(frames) == run.result.num_frames / inferencer.spec.interval
    assert frames[0].shape[0] >= 256


def test_nothing_is_left_in_the_scratch_folder(inferencer, demo_video, tmp_path):
    told = []
    run_clip(inferencer, demo_video, scratch=tmp_path, report=lambda done, what: told.append((done, what)))
    assert not list(tmp_path.iterdir())
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[0] == (0.0, 'reading and recognizing')


def test_every_step_of_a_long_video_is_kept_once(inferencer, write_noise):
    """In windows, the log-probabilities are as many as in one pass over the whole."""
    video = str(write_noise('long.avi', frames=150))
    whole = inferencer(video, window=None, keep_log_probs=True)[0]
    cut = inferencer(video, window=2.0, overlap=1.0, keep_log_probs=True)[0]
    assert cut.num_windows > 1
    assert cut.log_probs.shape == whole.log_probs.shape
    np.testing.assert_allclose(np.exp(cut.log_probs).sum(-1), 1, rtol=1e-5)
    assert inferencer(video, window=None)[0].log_probs is None


def test_heat_maps_of_one_piece_are_those_of_compute_cam(inferencer, demo_video):
    clip = read_clip(str(demo_video), inferencer.config)
    spans = [GlossSpan(1, steps=(2, 3))]
    [(done, found)] = list(_cam_pieces(inferencer.model, clip, spans, rate=25.0))
    expected = compute_cam(inferencer.model, clip, targets=spans)
    assert done == 1.0
    assert found[0].clip_span == expected[0].clip_span
    np.testing.assert_allclose(found[0].map, expected[0].map)


def test_heat_maps_in_pieces_lie_where_their_glosses_are(inferencer, write_noise):
    # At one frame a second, pieces of 16 s have 16 frames: 60 frames make four pieces, of 8 steps of 2 frames each.
    clip = read_clip(str(write_noise('noise.avi', frames=120)), inferencer.config)
    assert len(clip['inputs']) == 60
    assert inferencer.model.neck.temporal_spec.total_stride == 2
    glosses = [GlossSpan(1, steps=(1, 1)), GlossSpan(2, steps=(7, 8)), GlossSpan(3, steps=(29, 29))]
    pieces = list(_cam_pieces(inferencer.model, clip, glosses, rate=1.0))
    assert [done for done, _ in pieces] == pytest.approx([16 / 60, 32 / 60, 48 / 60, 1])
    spans = [[cam.clip_span for cam in cams] for _, cams in pieces]
    assert spans == [[(2, 4), (14, 16)], [], [], [(58, 60)]]  # the second is cut at the end of its piece
    last = pieces[3][1][0].map
    assert len(last) == 60
    assert not last[:48].any()


def test_a_page_holds_everything_and_escapes_names(run):
    page = render_run(run)
    for text in (*run.result.glosses, 'data:image/png;base64,', 'data:video/webm;base64,', 'scope=col'):
        assert text in page
    assert f'{run.result.spans[0].start:.2f}' in page
    assert 'http' not in page
    hostile = type(run)('<img src=x>.mp4', run.result, run.plot, run.video)
    assert '<img src=x>' not in render_run(hostile)


def test_glosses_below_a_confidence_are_left_out_of_all(run, inferencer, demo_video):
    least = sorted(run.result.hyp.confidences)[-1]
    sure = run_clip(inferencer, demo_video, min_confidence=least)
    assert sure.result.spans == tuple(span for span in run.result.spans if span.confidence >= least)
    assert len(sure.result.spans) < len(run.result.spans)
    assert f'below {100 * least:g} % confidence left out' in render_run(sure)
    assert sure.plot != run.plot


def test_a_page_keeps_the_order_of_right_to_left_glosses(run):
    glosses = ('\u05e9\u05dc\u05d5\u05dd', 'A1', '\u05d0\u05d1')
    spans = [GlossSpan(1, gloss, frames=(0, 1), times=(0.0, 0.1), confidence=1.0) for gloss in glosses]
    page = render_run(replace(run, result=replace(run.result, hyp=Hypothesis(spans, 0.0))))
    joined = ' '.join(f'\u2068{gloss}\u2069' for gloss in glosses)
    assert f'<p class="glosses" role="status" dir="rtl">{joined}</p>' in page
    assert f'<bdi>{glosses[0]}</bdi>' in page
    assert 'dir="ltr"' in render_run(run)


def test_errors_name_the_file_and_not_its_folder(inferencer, write_noise):
    path = write_noise('clip.mp4', frames=50)
    with pytest.raises(DataError, match=r'too long: got 2.0 s, expected at most 1 s') as caught:
        run_clip(inferencer, path, limits=Limits(max_seconds=1))
    page = render_error(caught.value, path)
    assert 'role="alert"' in page
    assert str(Path(path).parent) not in page
    assert '&#39;clip.mp4&#39; is too long' in page


def test_a_clip_of_one_frame(inferencer, write_noise):
    run = run_clip(inferencer, write_noise('one.avi', frames=1))
    assert run.result.num_frames == 1
    assert '1 frame,' in render_run(run)
    assert torch.is_grad_enabled()
