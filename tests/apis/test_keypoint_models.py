"""A network on keypoints from its config to hypotheses, and what a video needs first."""

import copy
import runpy
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_environment import WORKER, make_fake_environment
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from video_files import write_clip

from cslrkit.apis import CSLRInferencer
from cslrkit.apis.keypoint_archive import extract_keypoints
from cslrkit.corpora.synthsign import make_corpus
from cslrkit.engine.complete import complete
from cslrkit.engine.config import load_config
from cslrkit.engine.config_check import check_config
from cslrkit.engine.stored_config import config_json, stored_config
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import DATASETS, MODELS
from cslrkit.structures import find_layout
from cslrkit.video.clip import Frame
from cslrkit.video.inputs import open_clips
from cslrkit.video.keypoints import Keypoints
from cslrkit.video.keypoints.clip import KeypointClip, check_points, with_extractor
from cslrkit.video.video_writer import VideoWriter

CONFIG = Path(__file__).parents[2] / 'configs' / 'mska' / 'synthsign.py'


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    root = tmp_path_factory.mktemp('data') / 'synthsign'
    make_corpus(root, preset='tiny', num_workers=1, progress=False)
    return complete(load_config(CONFIG, {'data_root': str(root)}))


def test_a_step_of_training_and_hypotheses_of_a_batch(config):
    check_config(config)
    train, test = (DATASETS.build(config[name].dataset) for name in ('train_dataloader', 'test_dataloader'))
    with DefaultScope.overwrite_default_scope('cslrkit'):
        model = MODELS.build(config.model)
    batch = model.data_preprocessor(pseudo_collate([train[0], train[1]]), True)
    losses = model.loss(**batch)
    assert len(losses) == 8
    model.parse_losses(losses)[0].backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters() if parameter.grad is not None)
    model.eval()
    with torch.no_grad():
        (sample,) = model.test_step(pseudo_collate([test[0]]))
    assert next(iter(sample.hyps)) == 'ensemble/main'
    ends = [span.frames[1] for span in sample.hyps['ensemble/main']]
    assert all(end <= sample.clip_len for end in ends)


@pytest.fixture(scope='module')
def inferencer(config, tmp_path_factory):
    with DefaultScope.overwrite_default_scope('cslrkit'):
        model = MODELS.build(config.model)
    path = tmp_path_factory.mktemp('weights') / 'model.pth'
    torch.save(dict(state_dict=model.state_dict(), meta=dict(vocab=model.vocab.glosses)), path)
    return CSLRInferencer(config, path)


def test_keypoints_are_recognized_as_in_testing(config, inferencer):
    index = Path(config.test_dataloader.dataset.data_root, 'keypoints', 'test.json')
    results = inferencer(str(index), keep_log_probs=True)
    dataset = DATASETS.build(config.test_dataloader.dataset)
    assert [result.name for result in results] == dataset.sample_ids
    for result, packed in zip(results, dataset):
        with torch.no_grad():
            (sample,) = inferencer.model.test_step(pseudo_collate([packed]))
        hyp = sample.hyps['ensemble/main']
        assert [span.gloss for span in result.hyp] == [span.gloss for span in hyp]
        times = [[time for span in each for time in span.times] for each in (result.hyp, hyp)]
        assert times[0] == pytest.approx(times[1])
        assert result.num_frames == sample.clip_len


@pytest.mark.parametrize(
    'media', [{}, dict(frames=dict(type='PackedFrames')), dict(features=dict(type='ExtractedFeatures', path='a'))]
)
def test_a_checkpoint_may_name_readers_of_any_media(config, media):
    config = copy.deepcopy(config)
    config.test_dataloader.dataset.update(media)
    kept = stored_config(dict(cfg=config_json(config)), where='a.pth')
    assert kept.test_dataloader.dataset.keypoints.type == 'StoredKeypoints'


def test_a_video_needs_an_extractor_which_the_error_names(inferencer):
    video = np.zeros((8, 112, 112, 3), np.uint8)
    with pytest.raises(DataError, match=r"'wholebody133' \(133 points\).*HRNet or RTMPose trained on COCO-WholeBody"):
        inferencer(video)


@pytest.fixture
def fake(tmp_path):
    return make_fake_environment(tmp_path / 'env')


def test_a_video_is_recognized_with_an_extractor(config, inferencer, fake, tmp_path, monkeypatch, capsys):
    video, dark = write_clip(tmp_path / 'a.mp4', count=40), tmp_path / 'dark.mkv'
    writer = VideoWriter(dark, 25.0)
    writer.write(np.zeros((32, 32, 3), np.uint8))
    writer.close()
    opened = open_clips([video, str(dark)])
    clips = with_extractor(opened, inferencer.spec.layout, [str(fake), str(WORKER)])
    result, failed = inferencer.recognize_each(clips, window=0.8, keep_log_probs=True)
    assert "dark.mkv': nobody is found in any of its frames by fake 1" in str(failed)
    extract_keypoints([video], tmp_path / 'out', python=fake, layout='wholebody133')
    (stored,) = inferencer(str(tmp_path / 'out' / 'a.json'), window=0.8, keep_log_probs=True)
    assert result.num_windows > 1
    np.testing.assert_array_equal(result.log_probs, stored.log_probs)
    assert (result.num_frames, result.frame_rate) == (40, 25.0)

    checkpoint, captions = tmp_path / 'model.pth', tmp_path / 'captions.mp4'
    meta = dict(vocab=inferencer.model.vocab.glosses, cfg=config_json(config))
    with DefaultScope.overwrite_default_scope('cslrkit'):
        torch.save(dict(state_dict=MODELS.build(config.model).state_dict(), meta=meta), checkpoint)
    arguments = [video, '--checkpoint', str(checkpoint), '--extractor', str(fake), '--video', str(captions)]
    monkeypatch.setattr(sys, 'argv', ['infer.py', *arguments])
    runpy.run_path('tools/infer.py')['main']()
    assert f'written: {captions}' in capsys.readouterr().out
    (clip,) = open_clips(str(captions))
    assert (len(list(clip.frames())), clip.frame_size()) == (40, opened[0].frame_size())


def test_an_extractor_that_is_of_no_use_is_an_error(fake):
    with pytest.raises(ConfigError, match='this model reads frames'):
        with_extractor([], None, [str(fake)])
    with pytest.raises(ConfigError, match='got 3 paths'):
        with_extractor([], 'wholebody133', [str(fake), 'a', 'b'])


def test_keypoints_of_another_layout_or_for_a_model_on_frames_are_errors():
    points = np.ones((4, 137, 3), np.float32)
    clip = KeypointClip(Keypoints(points, find_layout('openpose137'), (112, 112)), 'a.json', name='a')
    with pytest.raises(DataError, match=r"has 137 points, but this model reads .*'wholebody133'"):
        check_points(points[0], 'wholebody133', where='a.json')
    with pytest.raises(DataError, match='this model reads frames'):
        check_points(points[0], None, where='a.json')
    with pytest.raises(DataError, match='no pictures'):
        clip.frame_size()


def test_a_clip_in_which_nobody_is_found_is_an_error_that_names_it(config, inferencer, tmp_path):
    folder = Path(config.test_dataloader.dataset.data_root, 'keypoints')
    for suffix in ('.npy', '.json'):
        shutil.copy(folder / f'test{suffix}', tmp_path / f'test{suffix}')
    values = np.load(tmp_path / 'test.npy')
    values[..., 2] = 0
    np.save(tmp_path / 'test.npy', values)
    failed = list(inferencer.recognize_each(str(tmp_path / 'test.json')))
    assert len(failed) == 3
    assert all('nobody is found' in str(each) for each in failed)


def test_keypoints_of_another_layout_are_an_error(config):
    dataset = dict(config.test_dataloader.dataset, keypoints=dict(type='StoredKeypoints', layout='openpose137'))
    with pytest.raises(DataError, match=r"has the layout 'wholebody133', but 'openpose137' is asked for"):
        DATASETS.build(dataset)


@pytest.fixture(scope='module')
def two_media(config, tmp_path_factory):
    """A config of frames and keypoints, and what infers with it."""
    root = config.test_dataloader.dataset.data_root
    both = complete(load_config(CONFIG.parents[1] / 'twostream' / 'synthsign.py', {'data_root': root}))
    with DefaultScope.overwrite_default_scope('cslrkit'):
        model = MODELS.build(both.model)
    path = tmp_path_factory.mktemp('weights') / 'model.pth'
    torch.save(dict(state_dict=model.state_dict(), meta=dict(vocab=model.vocab.glosses)), path)
    return both, CSLRInferencer(both, path)


def test_a_video_needs_keypoints_beside_its_frames(two_media, fake, tmp_path):
    config, inferencer = two_media
    check_config(config)
    video = write_clip(tmp_path / 'a.mp4', count=40)
    with pytest.raises(DataError, match=r"a\.mp4' has frames alone, but beside them .*133 points.*--extractor"):
        inferencer(video)
    with pytest.raises(DataError, match='holds keypoints, but this model reads frames'):
        inferencer(str(Path(config.test_dataloader.dataset.data_root, 'keypoints', 'test.json')))
    assert (inferencer.spec.layout, inferencer.spec.beside) == (None, 'wholebody133')
    clips = with_extractor(open_clips(video), inferencer.spec.beside, [str(fake), str(WORKER)], beside=True)
    (result,) = inferencer(clips, window=0.8)
    assert result.num_windows > 1
    assert (result.num_frames, result.frame_rate) == (40, 25.0)


@pytest.mark.parametrize('fit', ['stretch', 'crop', 'pad'])
@pytest.mark.parametrize('size', [(30, 50), (50, 30)])
def test_points_beside_a_frame_follow_it(two_media, fit, size):
    spec = replace(two_media[1].spec, fit=fit, crop_top=4, beside='wholebody133', size=(80, 64))
    height, width = size
    frame = np.zeros((height, width, 3), np.uint8)
    frame[14:22, 12:20] = 255  # a square around (16, 18)
    points = np.zeros((133, 3), np.float32)
    points[0] = (16, 18, 1)
    prepared = spec.prepare(frame, where='a')[..., 0].astype(float)
    (x, y, _), *rest = spec.prepare_points(Frame(frame, 0, None, points), where='a')
    rows, columns = np.indices(prepared.shape) + 0.5
    middle = [(where * prepared).sum() / prepared.sum() for where in (columns, rows)]
    np.testing.assert_allclose((x, y), middle, atol=0.3)
    assert not np.any(rest)
