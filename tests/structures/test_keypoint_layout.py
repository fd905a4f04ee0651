import numpy as np
import pytest

from cslrkit.errors import ConfigError
from cslrkit.structures.keypoint_layout import LAYOUTS, find_layout

NAMES = sorted(LAYOUTS)


@pytest.mark.parametrize(('name', 'count'), [('wholebody133', 133), ('openpose137', 137), ('mediapipe543', 543)])
def test_parts_cover_all_points_each_once(name, count):
    layout = find_layout(name)
    whole = [layout.parts[part] for part in ('body', 'feet', 'face', 'left_hand', 'right_hand') if part in layout.parts]
    assert sorted(sum(whole, ())) == list(range(count)) == list(range(layout.num_points))


@pytest.mark.parametrize('name', NAMES)
def test_no_point_has_two_counterparts(name):
    layout = find_layout(name)
    paired = [point for pair in layout.pairs for point in pair]
    assert len(paired) == len(set(paired))
    assert layout.shoulders in layout.pairs


def test_a_mirror_of_the_whole_body_swaps_sides_and_leaves_the_midline():
    order = find_layout('wholebody133').mirrored()
    assert (order[order] == np.arange(133)).all()
    # nose; left wrist; left toe; middle of the chin; outer corners of the eyes, lips; a finger tip
    assert order[[0, 9, 17, 31, 59, 71, 74, 99]].tolist() == [0, 10, 20, 31, 68, 77, 74, 120]


def test_a_mirror_of_openpose_swaps_pupils_and_ears():
    order = find_layout('openpose137').mirrored()
    assert (order[order] == np.arange(137)).all()
    assert order[[0, 1, 4, 18, 22, 93]].tolist() == [0, 1, 7, 17, 19, 94]


def test_selection_renumbers_parts_and_pairs():
    layout = find_layout('wholebody133')
    positions = layout.positions(['left_hand', 'upper_body'])
    part = layout.select(positions)
    assert part.num_points == 32
    assert part.parts['left_hand'] == tuple(range(21))
    assert 'right_hand' not in part.parts
    assert part.shoulders == (26, 27)
    assert (26, 27) in part.pairs
    assert part.mirrored()[0] == 0  # its counterpart is not there


def test_a_face_mesh_cannot_be_mirrored_until_it_is_left_out():
    layout = find_layout('mediapipe543')
    with pytest.raises(ConfigError, match='face cannot be mirrored'):
        layout.mirrored()
    hands = layout.select(layout.positions(['left_hand', 'right_hand']))
    assert hands.mirrored()[:2].tolist() == [21, 22]


def test_unknown_names_are_errors():
    with pytest.raises(ConfigError, match='wholebody133'):
        find_layout('wholebody132')
    with pytest.raises(ConfigError, match="parts: got 'hands'"):
        find_layout('wholebody133').positions(['hands'])
