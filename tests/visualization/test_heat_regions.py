"""Shares of heat on hands, face and body of the drawn corpus."""

import json

import cv2
import numpy as np
import pytest

from cslrkit.corpora.synthsign.regions import REGIONS, DrawnRegions
from cslrkit.engine.complete import select_split
from cslrkit.engine.config import load_config
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.structures import GlossSpan
from cslrkit.visualization.browse import evaluation_samples
from cslrkit.visualization.cam import GlossCam
from cslrkit.visualization.heat_regions import ALL, PLACES, RegionMasks, RegionShares


@pytest.fixture(scope='module')
def drawn(tiny_corpus):
    return DrawnRegions(tiny_corpus)


@pytest.fixture(scope='module')
def folder(tiny_corpus):
    return sorted(tiny_corpus.glob('features/*/dev/*/1'))[0]


def clip_folder(folder):
    return '/'.join(folder.parts[-3:])


def test_masks_cover_the_figure_and_nothing_else(drawn, folder):
    masks = drawn.masks(clip_folder(folder)).astype(float) / 255
    frames = np.stack([cv2.imread(str(path)) for path in sorted(folder.iterdir())]).astype(float)
    assert masks.shape == (*frames.shape[:3], len(REGIONS))
    assert masks.sum(-1).max() <= 1.02  # each pixel is of one part, but for rounding
    differs = np.abs(frames - frames[0, 0, 0]).max(-1)
    figure = masks.sum(-1)
    assert (differs[figure < 0.01] < 3).all()  # backdrop
    assert (differs[figure > 0.99] > 3).mean() > 0.99
    assert (masks.reshape(-1, len(REGIONS)).mean(0) > 0.005).all()


def test_hands_are_where_they_are_drawn_to_be(drawn, folder):
    masks = drawn.masks(clip_folder(folder))
    columns = np.arange(masks.shape[2])
    left, right = ((masks[..., REGIONS.index(name)] * columns).sum() / masks[..., REGIONS.index(name)].sum()
                   for name in ('left_hand', 'right_hand'))  # fmt: skip
    assert right < masks.shape[2] / 2 < left  # the signer looks at us
    rows = np.arange(masks.shape[1])[:, None]
    face, body = ((masks[..., REGIONS.index(name)] * rows).sum() / masks[..., REGIONS.index(name)].sum()
                  for name in ('face', 'body'))  # fmt: skip
    assert face < body


def test_masks_pass_the_pipeline_of_the_frames(tiny_config, folder):
    config = load_config(tiny_config)
    name = folder.parent.name
    (read,) = evaluation_samples(config, 'dev', sample_ids=[name])
    clip = read()
    masks = RegionMasks(select_split(config, 'dev').test_dataloader.dataset)(name)
    frames = clip['inputs'].permute(0, 2, 3, 1).numpy().astype(float)
    assert masks.shape == (*frames.shape[:3], len(REGIONS))
    figure = np.abs(frames - np.median(frames[:, :3, :3], (0, 1, 2))).max(-1) > 30
    assert (figure == (masks.sum(-1) > 0.5)).mean() > 0.95


def cam_of(gloss, heat, span):
    span_of = GlossSpan(gloss_id=1, gloss=gloss, steps=(0, 0), frames=span, peak=0)
    return GlossCam(span_of, clip_span=span, score=0.0, map=heat, peak=1.0, size=heat.shape[1:])


def test_shares():
    masks = np.zeros((3, 2, 2, 4), np.float32)
    masks[:, 0, 0, 0] = 1  # the left hand is a quarter of the picture
    masks[:, 1, 1, 3] = 0.5  # the body half of another one
    heat = np.zeros((3, 2, 2), np.float32)
    heat[1] = ((3, 0), (0, 1))  # 3 of 4 on the hand; the frames beside it are not of the span
    heat[0] = 9
    found = RegionShares()
    found.add([cam_of('A', heat, (1, 2)), cam_of('B', np.zeros_like(heat), (1, 2))], masks)
    found.add([cam_of('A', np.ones_like(heat), (0, 3))], masks)
    rows = found.rows()
    assert list(rows) == ['A', ALL]
    assert rows['A'] == rows[ALL]
    assert rows['A']['count'] == 2
    expected = dict(left_hand=(0.75 + 0.25) / 2, right_hand=0, face=0, body=(0.125 + 0.125) / 2)
    expected['elsewhere'] = 1 - sum(expected.values())
    assert rows['A']['heat'] == pytest.approx(expected)
    assert rows['A']['area'] == pytest.approx(dict(left_hand=0.25, right_hand=0, face=0, body=0.125, elsewhere=0.625))
    assert found.table().splitlines()[1].split() == ['A', '2', '50', '/', '25', '0', '/', '0', '0', '/', '0', '12', '/',
                                                     '12', '38', '/', '62']  # fmt: skip
    assert RegionShares().means() == {}


def test_a_corpus_that_was_not_drawn(tmp_path, drawn):
    with pytest.raises(DataNotFoundError, match=r'holds no synthetic corpus'):
        DrawnRegions(tmp_path)
    with pytest.raises(DataError, match=r"'dev/x/1' is no clip"):
        drawn.masks('dev/x/1')


def test_the_tool_writes_them(untrained_checkpoint, tiny_config, run_tool, tmp_path):
    options = ('--checkpoint', untrained_checkpoint, '--config', tiny_config, '--device', 'cpu', '--out', tmp_path)
    done = run_tool('visualize/cam.py', '--split', 'dev', '--num', 2, '--regions', '--format', *options)
    assert f'written: {tmp_path / "regions.json"}' in done.stdout
    assert ALL in done.stdout
    content = json.loads((tmp_path / 'regions.json').read_text())
    assert content['split'] == 'dev'
    assert content['method'] == 'gradcam'
    for row in content['regions'].values():
        for kind in ('heat', 'area'):
            assert list(row[kind]) == list(PLACES)
            assert sum(row[kind].values()) == pytest.approx(1)
    assert cv2.imread(str(tmp_path / 'regions.png')).shape[1] > 600
    wrong = run_tool('visualize/cam.py', tmp_path, '--regions', *options, check=False)
    assert wrong.returncode == 2
    assert '--regions goes with --split' in wrong.stderr
