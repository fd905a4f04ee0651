"""The graphs of SignGraph and SignDAGC against loops over their nodes."""

import pytest
import torch

from cslrkit.models.backbones.graph_resnet import TemporalGraph
from cslrkit.models.backbones.sign_dagc import AxialGraph
from cslrkit.models.backbones.sign_graph import NeighbourGraph, relative_positions


@pytest.mark.parametrize('constant', [False, True])
def test_a_temporal_graph_is_a_graph_convolution_over_all_places_of_a_clip(constant):
    torch.manual_seed(0)
    module = TemporalGraph(8, offset=2, num_pairs=3, constant=constant).double()
    nodes = torch.randn(1, 4, 6, 8, dtype=torch.float64)
    torch.nn.init.normal_(module.gconv.bias)
    adjacency = torch.eye(24, dtype=torch.float64)
    for t in range(2):  # frames 0 and 2, 1 and 3
        distances = torch.tensor([[(a - b).norm() for b in nodes[0, t + 2]] for a in nodes[0, t]])
        pairs = torch.full((36,), 100.0).topk(3).indices if constant else distances.flatten().argsort()[:3]
        assert module.pairs(nodes)[0, t].tolist() == pairs.tolist()
        for pair in pairs.tolist():
            one, other = 6 * t + pair // 6, 6 * (t + 2) + pair % 6
            adjacency[one, other] = adjacency[other, one] = 1
    scale = adjacency.sum(1).rsqrt()
    expected = (scale[:, None] * adjacency * scale) @ nodes[0].flatten(0, 1) @ module.gconv.lin.weight.T
    result = module.gconv(nodes, module.edges(nodes))[0].flatten(0, 1)
    torch.testing.assert_close(result, expected + module.gconv.bias)


def test_a_clip_too_short_for_a_temporal_graph_has_its_own_places_only():
    module, nodes = TemporalGraph(8, offset=2, num_pairs=3), torch.randn(1, 2, 6, 8)
    torch.testing.assert_close(module.gconv(nodes, module.edges(nodes)), module.gconv.lin(nodes))


def test_neighbours_are_near_in_features_and_in_the_image():
    module = NeighbourGraph(8, 2, grid=2)
    # Places of a 2 x 2 image, all with the same features: the nearest is the place itself, then a direct neighbour.
    nearest = module.nearest(torch.ones(1, 8, 4), torch.Size((2, 2)))[0]
    assert nearest[:, 0].tolist() == [0, 1, 2, 3]
    assert all(other != 3 - place for place, other in enumerate(nearest[:, 1].tolist()))  # not the one across
    # Features of another direction are farther than any place.
    features = torch.zeros(1, 8, 4)
    features[0, 0, [0, 3]], features[0, 1, [1, 2]] = 1.0, 5.0
    assert module.nearest(features, torch.Size((2, 2)))[0].sort(1).values.tolist() == [[0, 3], [1, 2], [1, 2], [0, 3]]
    assert relative_positions(8, (1, 2))[0].diagonal().tolist() == pytest.approx([-1.0, -1.0])


def test_places_gather_from_near_ones_of_their_row_and_column():
    torch.manual_seed(0)
    module, frames = AxialGraph(3, 2), torch.randn(2, 3, 5, 4)
    expected = torch.zeros_like(frames)
    for n, frame in enumerate(frames):
        halves = torch.roll(frame, (3, 2), (1, 2))  # half of 5 rows, rounded up, and of 4 columns
        apart = (halves - frame).abs().sum(0)
        threshold = apart.mean() - apart.std()
        for row in range(5):
            for column in range(4):
                others = [frame[:, (row - k) % 5, column] for k in (0, 2, 4)]
                others += [frame[:, row, (column - k) % 4] for k in (0, 2)]
                for other in others:
                    difference = other - frame[:, row, column]
                    if difference.abs().sum() < threshold:
                        expected[n, :, row, column] = torch.maximum(expected[n, :, row, column], difference)
    torch.testing.assert_close(module.gathered(frames), expected)
    assert expected.any()
