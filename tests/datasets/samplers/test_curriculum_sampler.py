"""Order and limits of the clips of an epoch."""

import numpy as np
import pytest

from cslrkit.datasets import CurriculumSampler
from cslrkit.errors import ConfigError

LENGTHS = [30, 10, 50, 20, 40, 60]


class Lengths:
    """A dataset of which only lengths are asked."""

    def __len__(self):
        return len(LENGTHS)

    def get_data_info(self, index):
        return dict(sample_id=str(index), num_frames=LENGTHS[index])


def order(**options):
    return list(CurriculumSampler(Lengths(), 1, seed=3, **options))


def test_limits_leave_out_the_longest():
    assert sorted(order(max_frames=30)) == [0, 1, 3]
    assert sorted(order(max_quantile=0.8)) == [0, 1, 2, 3, 4]
    assert sorted(order(max_frames=50, max_quantile=0.5)) == [0, 1, 3, 4]
    assert CurriculumSampler(Lengths(), 1, max_frames=45, seed=3).left_out.tolist() == [2, 5]


def test_short_to_long_in_shuffled_buckets():
    assert order(order='ascending', bucket_batches=1) == np.argsort(LENGTHS).tolist()
    buckets = order(order='ascending', bucket_batches=3)
    assert sorted(buckets[:3]) == [0, 1, 3]
    assert sorted(buckets[3:]) == [2, 4, 5]
    orders = set()
    sampler = CurriculumSampler(Lengths(), 1, order='ascending', bucket_batches=3, seed=3)
    for epoch in range(8):
        sampler.set_epoch(epoch)
        orders.add(tuple(sampler))
    assert len(orders) > 2


def test_an_epoch_can_keep_its_length():
    kept = order(max_frames=20, keep_length=True)
    assert len(kept) == 6
    assert sorted(kept) == [1, 1, 1, 3, 3, 3]
    assert len(CurriculumSampler(Lengths(), 1, max_frames=20, seed=3)) == 2


def test_processes_share_an_epoch(monkeypatch):
    seen = []
    for rank in range(2):
        monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda rank=rank: (rank, 2))
        seen.append(list(CurriculumSampler(Lengths(), 1, max_frames=50, seed=3)))
    assert [len(indices) for indices in seen] == [3, 3]
    assert set(seen[0] + seen[1]) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(order='descending'), 'order: got'),
        (dict(max_quantile=0), 'max_quantile: got 0'),
        (dict(bucket_batches=0), 'bucket_batches: got 0'),
        (dict(max_frames=9), 'max_frames: got 9, but the shortest clip has 10'),
    ],
)
def test_wrong_limits(options, message):
    with pytest.raises(ConfigError, match=message):
        order(**options)
