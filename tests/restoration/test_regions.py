"""Boxes of hands, face and mouth, and crops of them."""

import cv2
import numpy as np
import pytest

from cslrkit.corpora.synthsign.regions import REGIONS, DrawnRegions
from cslrkit.errors import ConfigError, DataError
from cslrkit.restoration import MotionBlur
from cslrkit.restoration.regions import HANDS, crop, find_regions, paste
from cslrkit.structures.keypoint_layout import LAYOUTS
from cslrkit.video.keypoints import Keypoints, StoredKeypoints

LAYOUT = LAYOUTS['wholebody133']


@pytest.fixture(scope='module')
def clip(tiny_corpus):
    """Frames of a drawn clip, its keypoints, and the masks of its parts."""
    folder = sorted(tiny_corpus.glob('features/*/dev/*/1'))[0]
    frames = np.stack([cv2.imread(str(path))[..., ::-1] for path in sorted(folder.iterdir())])
    stored = StoredKeypoints(split='dev', where='test', data_root=str(tiny_corpus))
    keypoints = stored.read(folder.parent.name)
    return frames, keypoints, DrawnRegions(tiny_corpus).masks('/'.join(folder.parts[-3:]))


def made(points, size=(100, 80)):
    """Keypoints of one frame with some points of the layout."""
    values = np.zeros((1, LAYOUT.num_points, 3), np.float32)
    for place, xy in points.items():
        values[0, place] = (*xy, 1)
    return Keypoints(values, LAYOUT, size)


def inside(mask, box):
    left, top, right, bottom = box
    return mask[top:bottom, left:right].sum() / mask.sum()


def test_boxes_around_points():
    left, right = LAYOUT.parts['left_hand'], LAYOUT.parts['right_hand']
    points = {left[0]: (60, 40), left[5]: (70, 50), right[0]: (2, 79), right[1]: (4, 79)}
    (boxes,) = find_regions(np.zeros((1, 80, 100, 3), np.uint8), made(points))
    # 1.4 * 10 pixels is 14, so 16, for both; the right hand's box is shifted into the picture; no face was found.
    assert boxes == dict(left_hand=(57, 37, 73, 53), right_hand=(0, 64, 16, 80))
    (boxes,) = find_regions(np.zeros((1, 160, 200, 3), np.uint8), made(points), ['left_hand'])
    assert boxes == dict(left_hand=(114, 74, 146, 106))  # 28 pixels of a picture twice as large
    (boxes,) = find_regions(np.zeros((1, 8, 7, 3), np.uint8), made(points), ['left_hand'])
    assert boxes == dict(left_hand=(3, 3, 6, 6))


def test_boxes_of_hands_move_apart():
    left, right = LAYOUT.parts['left_hand'], LAYOUT.parts['right_hand']

    def boxes_of(left_at, right_at):
        points = {left[0]: left_at, left[1]: np.add(left_at, (10, 10)), right[0]: right_at}
        (boxes,) = find_regions(np.zeros((1, 80, 100, 3), np.uint8), made(points), ['hands'])
        return boxes['left_hand'], boxes['right_hand']

    # Of 16 pixels, around (60, 45) and (50, 40): 6 columns are in both, 3 are moved on either side.
    assert boxes_of((55, 40), (50, 40)) == ((55, 37, 71, 53), (39, 32, 55, 48))
    assert boxes_of((55, 40), (60, 70)) == ((52, 37, 68, 53), (52, 62, 68, 78))  # they are apart as they are
    assert boxes_of((55, 0), (60, 12)) == ((52, 0, 68, 16), (52, 16, 68, 32))  # in rows, and at the edge
    assert boxes_of((55, 40), (60, 45)) == ((60, 37, 76, 53), (44, 37, 60, 53))  # in one place


def test_boxes_of_drawn_keypoints_hold_what_is_drawn(clip):
    frames, keypoints, masks = clip
    found = find_regions(frames, keypoints, ('hands', 'face', 'mouth'))
    assert len(found) == len(frames)
    for boxes, mask in zip(found, masks):
        assert list(boxes) == ['left_hand', 'right_hand', 'face', 'mouth']
        for name in ('left_hand', 'right_hand', 'face'):
            assert inside(mask[..., REGIONS.index(name)], boxes[name]) > 0.8
        (left, top, _, _), (right, other_top, _, _) = boxes['left_hand'], boxes['right_hand']
        assert max(abs(left - right), abs(top - other_top)) >= boxes['left_hand'][2] - left
    sides = {name: {boxes[name][2] - boxes[name][0] for boxes in found} for name in found[0]}
    assert sides['left_hand'] == sides['right_hand']
    assert all(len(side) == 1 and min(side) % 8 == 0 for side in sides.values())


@pytest.mark.parametrize('blurred', [False, True])
def test_boxes_by_motion(clip, blurred):
    frames, _, masks = clip
    if blurred:
        frames = MotionBlur(9, 30).apply(frames, np.random.default_rng(0))
    found = find_regions(frames)
    shares = {
        name: [
            inside(mask[..., REGIONS.index(name)], boxes[name]) for boxes, mask in zip(found, masks) if name in boxes
        ]
        for name in (*HANDS, 'face')
    }
    assert np.mean(shares['face']) > 0.8
    assert np.mean(shares['left_hand'] + shares['right_hand']) > 0.5
    assert all(len(share) > len(frames) / 2 for share in shares.values())


def test_a_still_clip_has_no_hands():
    assert find_regions(np.full((3, 32, 32, 3), 90, np.uint8)) == [{}, {}, {}]


def test_wrong_regions(clip):
    frames, keypoints, _ = clip
    with pytest.raises(ConfigError, match=r"'hand'.*hands"):
        find_regions(frames, keypoints, ['hand'])
    with pytest.raises(DataError, match='but keypoints of'):
        find_regions(frames[1:], keypoints)
    with pytest.raises(DataError, match="'mouth' needs keypoints"):
        find_regions(frames, names=['mouth'])


def test_paste_keeps_the_bytes_outside():
    rng = np.random.default_rng(3)
    for _ in range(50):
        height, width = rng.integers(4, 60, 2)
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        (left, right), (top, bottom) = (np.sort(rng.choice(n + 1, 2, replace=False)) for n in (width, height))
        box, before = (left, top, right, bottom), image.copy()
        other = rng.integers(0, 256, (*rng.integers(1, 40, 2), 3), dtype=np.uint8)
        pasted = paste(image, other, box)
        assert (pasted.dtype, pasted.shape) == (np.uint8, image.shape)
        assert np.array_equal(image, before)
        outside = np.ones((height, width), bool)
        outside[top:bottom, left:right] = False
        assert np.array_equal(pasted[outside], image[outside])
        assert np.array_equal(paste(image, image[top:bottom, left:right], box), image)


def test_paste_fades_in():
    pasted = paste(np.zeros((36, 36, 3), np.uint8), np.full((32, 32, 3), 90, np.uint8), (2, 2, 34, 34))
    # 32 pixels fade over 2: a third, two thirds, and all of it.
    assert pasted[10, :, 0].tolist() == [0, 0, 30, 60, *[90] * 28, 60, 30, 0, 0]


@pytest.mark.parametrize('size', [8, 16, 40])
def test_crops(size):
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    part = crop(image, (5, 10, 21, 26), size)
    assert (part.shape, part.dtype) == ((size, size, 3), np.uint8)
    if size == 16:
        assert np.array_equal(part, image[10:26, 5:21])
        part[:] = 0
        assert image[10:26, 5:21].any()
    assert abs(float(part.mean() if size != 16 else 127) - 127) < 12
