"""Samplers, the restoration of a clip's regions, and the tool that restores a corpus."""

import json

import numpy as np
import pytest
import torch
from small_datasets import write_noisy_corpus

from cslrkit.apis.restore import init_prior, restore_frames
from cslrkit.errors import CheckpointError, ConfigError, DataError
from cslrkit.models.priors import DiffusionPrior
from cslrkit.registry import DIFFUSION_SAMPLERS
from cslrkit.restoration import JPEG, Compose, Downsample, GaussianBlur, MotionBlur, NeighbourMean, Noise
from cslrkit.restoration.observation import Observation, invertible, to_images, to_pixels
from cslrkit.restoration.restorer import Restorer
from cslrkit.utils.tensor_files import write_tensor_file

SAMPLERS = ('DDNM', 'DDNMPlus', 'DPS', 'DiffPIR')
BLUR = MotionBlur(5, 30)


class ExactPrior:
    """Knows the images, and so what any noisy ones show, up to a fault."""

    multiple, size = 8, 16

    def __init__(self, images, fault=0.0):
        self.images, self.fault, self.levels = images, fault, []

    def denoise(self, noisy, level):
        self.levels.append(level)
        return self.images.expand_as(noisy) + self.fault + 0 * noisy


def clean_clip(frames=3, side=24):
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0, 255, (1, side // 4, side // 4, 3)).repeat(4, 1).repeat(4, 2)
    return np.rint(coarse).astype(np.uint8).repeat(frames, 0)


def build(name, **options):
    return DIFFUSION_SAMPLERS.build(dict(type=name, **options))


@pytest.mark.parametrize('name', SAMPLERS)
def test_with_a_prior_that_knows_the_crops_they_are_found(name):
    clean = clean_clip()[:2, :16, :16].astype(np.float32)
    seen = Observation(BLUR, BLUR.A(clean), 0.5)
    options = dict(rate=0.01) if name == 'DPS' else {}
    found = build(name, steps=10, **options).sample(
        ExactPrior(to_images(clean)), seen, torch.Generator().manual_seed(0)
    )
    assert np.abs(to_pixels(found) - clean).max() < 2


@pytest.mark.parametrize(
    'degradation', [BLUR, JPEG(20), Downsample(2), GaussianBlur(1.0)], ids=lambda d: type(d).__name__
)
@pytest.mark.parametrize('name', ['DDNM', 'DiffPIR'])
def test_results_agree_with_what_was_observed_where_the_prior_is_wrong(name, degradation):
    clean = clean_clip()[:1, :16, :16].astype(np.float32)
    degraded = degradation.degrade(clean, None)
    prior = ExactPrior(to_images(clean), fault=0.2)
    found = to_pixels(build(name, steps=8).sample(prior, Observation(degradation, degraded, 0.1), torch.Generator()))
    rms = np.sqrt(np.mean((degradation.degrade(found, None) - degraded) ** 2))
    assert rms < 1 < 0.2 * 127.5


def test_ddnm_plus_trusts_noisy_observations_less():
    clean = clean_clip()[:1, :16, :16].astype(np.float32)
    noisy = clean + np.random.default_rng(0).normal(0, 40, clean.shape).astype(np.float32)
    prior, seen = ExactPrior(to_images(clean)), Observation(Noise(40), noisy, 40.0)
    errors = [
        np.abs(to_pixels(build(name, steps=8).sample(prior, seen, torch.Generator().manual_seed(0))) - clean).mean()
        for name in ('DDNM', 'DDNMPlus')
    ]
    assert errors[1] < 1 < 20 < errors[0]


def test_the_gradient_that_dps_follows_is_that_of_the_distance():
    rng = np.random.default_rng(0)
    seen = Observation(BLUR, rng.uniform(0, 255, (1, 16, 16, 3)), 1.0)
    x = to_images(rng.uniform(0, 255, (1, 16, 16, 3)))

    def distance(images):
        return np.sqrt(((BLUR.A(to_pixels(images)) - seen.crops) ** 2).sum())

    down = seen.descent(x)
    step = torch.zeros_like(x)
    step[0, 1, 5, 6] = 0.5
    expected = (distance(x + step) - distance(x - step)) / 127.5
    assert float(down[0, 1, 5, 6]) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize('each_region', [True, False])
def test_regions_are_restored_and_the_rest_keeps_its_bytes(each_region):
    clean = clean_clip(side=48)
    box = (12, 12, 28, 28) if each_region else (16, 16, 32, 32)
    left, top, right, bottom = box
    degraded = clean.copy()
    if each_region:
        degraded[:, top:bottom, left:right] = np.rint(BLUR.A(clean[:, top:bottom, left:right].astype(np.float32)))
    else:
        degraded = np.rint(BLUR.A(clean.astype(np.float32))).astype(np.uint8)
    restorer = Restorer(None, BLUR, build('DiffPIR', steps=10), noise=1.0, each_region=each_region)
    first, last = (box[0], box[2]) if each_region else (12, 36)
    restorer.prior = ExactPrior(to_images(clean[:1, first:last, first:last]))
    restored = restorer(degraded, [{'face': box}, {}, {'face': box}])
    outside = np.ones(clean.shape[1:3], bool)
    outside[top:bottom, left:right] = False
    assert (restored[:, outside] == degraded[:, outside]).all()
    assert (restored[1] == degraded[1]).all()
    inner = (slice(0, 3, 2), slice(top + 3, bottom - 3), slice(left + 3, right - 3))
    errors = [np.abs(frames[inner].astype(float) - clean[inner]).mean() for frames in (degraded, restored)]
    assert errors[1] < 2 < 0.3 * errors[0]


def test_a_frame_starts_from_its_neighbor():
    clean = clean_clip(side=16)
    restorer = Restorer(ExactPrior(to_images(clean[:1])), BLUR, build('DiffPIR', steps=10, start=0.5), each_region=True)
    box = {'face': (0, 0, 16, 16)}
    restorer(clean, [box, box, box])
    levels = restorer.prior.levels
    assert [place for place, level in enumerate(levels) if place == 0 or level > levels[place - 1]] == [0, 10, 15]
    assert (levels[0], levels[10]) == (1.0, 0.5)


@pytest.mark.parametrize(
    ('degradation', 'sampler', 'message'),
    [
        (JPEG(20), 'DPS', 'DPS: got JPEG, which is not linear'),
        (NeighbourMean(1), 'DDNM', 'got NeighbourMean, which mixes frames'),
        (Compose([GaussianBlur(1.0), JPEG(20)]), 'DiffPIR', 'got GaussianBlur, JPEG together'),
        (MotionBlur(5), 'DiffPIR', 'data consistency needs one angle'),
    ],
)
def test_what_cannot_be_inverted(degradation, sampler, message):
    with pytest.raises(ConfigError, match=message):
        Restorer(ExactPrior(None), degradation, build(sampler))


def test_noise_among_degradations_counts_as_noise():
    rest, noise = invertible(Compose([BLUR, Noise(3), Noise(4)]))
    assert rest is BLUR
    assert noise == 5
    assert invertible(Noise(3))[1] == 3


def test_a_region_that_does_not_fit_the_prior():
    clip = clean_clip(side=48)
    restorer = Restorer(ExactPrior(None), BLUR, build('DiffPIR'), each_region=True)
    with pytest.raises(
        DataError, match='got a region of 40 pixels in frames of 48x48, expected a multiple of 8 up to 32'
    ):
        restorer(clip, [{'face': (0, 0, 40, 40)}] * 3)
    with pytest.raises(DataError, match='got a region of 20 pixels'):
        restorer(clip, [{'face': (0, 0, 20, 20)}] * 3)


@pytest.fixture(scope='module')
def prior_file(tmp_path_factory):
    """A checkpoint of a prior that was not trained."""
    path = tmp_path_factory.mktemp('prior') / 'prior.pth'
    torch.manual_seed(0)
    config = dict(model=dict(type='DiffusionPrior', size=16, channels=[8, 8]))
    meta = dict(cfg=json.dumps(config), cslrkit_version='0')
    write_tensor_file(path, DiffusionPrior(16, [8, 8]).state_dict(), meta)
    return path


@pytest.fixture
def degraded_corpus(tmp_path, monkeypatch):
    """A corpus of two clips with a region in all frames but the first."""
    root = tmp_path / 'degraded'
    write_noisy_corpus(root, [3, 2])

    def find(frames, keypoints, names):
        return [{}] + [{'face': (4, 4, 20, 20)}] * (len(frames) - 1)

    monkeypatch.setattr('cslrkit.datasets.region_crops.find_regions', find)
    return root


OPTIONS = dict(
    degradation=dict(type='MotionBlur', length=5, angle=0), sampler=dict(type='DiffPIR', steps=2), frame_subdir='.'
)


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()
    }


def test_a_corpus_is_restored_and_goes_on_where_it_stopped(degraded_corpus, prior_file, tmp_path):
    out = tmp_path / 'restored'
    counts = restore_frames('custom', degraded_corpus, prior_file, out, **OPTIONS)
    assert counts == dict(frames=5, restored=3, kept=2)
    source, whole = files_of(degraded_corpus), files_of(out)
    assert whole.keys() == source.keys() | {'restoration.json'}
    changed = {name for name in source if source[name] != whole[name]}
    assert changed == {'s0/f001.png', 's0/f002.png', 's1/f001.png'}
    record = json.loads(whole['restoration.json'])
    assert record['degradation'] == OPTIONS['degradation']
    assert record['prior']['name'] == 'prior.pth'
    assert len(record['prior']['sha256']) == 64
    (out / 's1' / 'f001.png').unlink()
    assert restore_frames('custom', degraded_corpus, prior_file, out, **OPTIONS)['frames'] == 2
    assert files_of(out) == whole


def test_mistakes_leave_nothing_behind(degraded_corpus, prior_file, untrained_checkpoint, tmp_path):
    out = tmp_path / 'restored'

    def restore(prior=prior_file, target=out, **changed):
        return restore_frames('custom', degraded_corpus, prior, target, **{**OPTIONS, **changed})

    with pytest.raises(ConfigError, match='expected another folder'):
        restore(target=degraded_corpus)
    with pytest.raises(ConfigError, match="'DiffPRI' is not registered in the diffusion sampler registry"):
        restore(sampler=dict(type='DiffPRI'))
    with pytest.raises(CheckpointError, match='is of a CSLRRecognizer, expected a DiffusionPrior'):
        init_prior(untrained_checkpoint)
    with pytest.raises(DataError, match='expected a multiple of'):
        restore(degradation=dict(type='MotionBlur', length=31, angle=0))
    assert not out.exists()
    restore()
    with pytest.raises(DataError, match='is of a restoration with other sampler, seed'):
        restore(sampler=dict(type='DDNM'), seed=1)
    (out / 'restoration.json').write_text('[')
    with pytest.raises(DataError, match='cannot be read'):
        restore()


def test_frames_of_different_size(degraded_corpus, prior_file, tmp_path):
    image = degraded_corpus / 's0' / 'f001.png'
    write_noisy_corpus(tmp_path / 'other', [1], size=(30, 30))
    image.write_bytes((tmp_path / 'other' / 's0' / 'f000.png').read_bytes())
    with pytest.raises(DataError, match='all frames of a clip must have one size'):
        restore_frames('custom', degraded_corpus, prior_file, tmp_path / 'out', **OPTIONS)
    assert not (tmp_path / 'out').exists()


def test_the_tool_reads_degradations(run_tool, prior_file, degraded_corpus, tmp_path):
    arguments = ['custom', '--root', degraded_corpus, '--prior', prior_file, '--out', tmp_path / 'out']
    arguments += ['--frame-subdir', '.', '--degradation']
    done = run_tool('restore_frames.py', *arguments, 'MotionBlur', 'length=5', 'JPEG', check=False)
    assert done.returncode == 1
    assert done.stderr == (
        'error: degradation.angle: MotionBlur: data consistency needs one angle, got the range (0.0, 180.0). Give a '
        'number, or draw one with drawn(rng).\n'
    )
    done = run_tool('restore_frames.py', *arguments, 'length=5', check=False)
    assert "got 'length=5' first, expected the name of a class" in done.stderr
