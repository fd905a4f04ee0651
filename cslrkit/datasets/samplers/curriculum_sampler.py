"""Epochs of short clips first."""

from typing import Iterator, Optional

import numpy as np
from mmengine.dataset import DefaultSampler

from cslrkit.datasets.samplers.length_grouped_sampler import annotated_lengths
from cslrkit.errors import ConfigError
from cslrkit.registry import DATA_SAMPLERS
from cslrkit.utils.checks import one_of, positive

ORDERS = ('random', 'ascending')


@DATA_SAMPLERS.register_module()
class CurriculumSampler(DefaultSampler):
    """Shuffles the clips up to a length, or gives them short to long; a curriculum changes the limits by epoch.

    Args:
        dataset: Its samples have ``num_frames``, as annotated.
        batch_size: Clips in a batch of one process; a config's loader hands its own on.
        max_frames: Longest clip, in frames as annotated; None takes all.
        max_quantile: Share of the clips, shortest first; 1 takes all. Both limits hold.
        order: ``'random'``, or ``'ascending'``: the epoch is sorted by length and cut into buckets of
            ``bucket_batches`` batches, and each bucket is shuffled, so that batches differ from epoch to epoch.
        bucket_batches: Batches of a bucket.
        keep_length: Whether clips are repeated until an epoch is as long as with all of them. Otherwise it is
            shorter; a schedule of the learning rate by steps then falls later than by epochs.
        seed: Seed of the order, alike in all processes; None agrees on one.
        round_up: Whether to repeat samples so that all processes get equally many.

    Raises:
        ConfigError: For a wrong argument, or limits that no clip keeps.
        DataError: If a sample has no ``num_frames``.
    """

    def __init__(
        self,
        dataset,
        batch_size: int,
        *,
        max_frames: Optional[int] = None,
        max_quantile: float = 1.0,
        order: str = 'random',
        bucket_batches: int = 10,
        keep_length: bool = False,
        seed: Optional[int] = None,
        round_up: bool = True,
    ) -> None:
        super().__init__(dataset, shuffle=True, seed=seed, round_up=round_up)
        if not 0 < max_quantile <= 1:
            raise ConfigError(f'CurriculumSampler: max_quantile: got {max_quantile!r}, expected a share in (0, 1].')
        self.lengths = annotated_lengths(dataset)
        limit = np.quantile(self.lengths, max_quantile, method='higher')
        if max_frames is not None:
            limit = min(limit, max_frames)
        self.kept = np.flatnonzero(self.lengths <= limit)
        if not len(self.kept):
            raise ConfigError(
                f'CurriculumSampler: max_frames: got {max_frames!r}, but the shortest clip has {self.lengths.min()}.'
            )
        self.left_out = np.flatnonzero(self.lengths > limit)
        self.order = one_of('CurriculumSampler.order', order, ORDERS)
        self.bucket = batch_size * self.world_size * positive('CurriculumSampler.bucket_batches', bucket_batches)
        clips = len(dataset) if keep_length else len(self.kept)
        self.num_samples = -(-clips // self.world_size) if round_up else len(range(self.rank, clips, self.world_size))
        self.total_size = self.num_samples * self.world_size if round_up else clips

    def __iter__(self) -> Iterator[int]:
        """Give the indices of this process."""
        generator = np.random.default_rng((self.seed, self.epoch))
        turns = [generator.permutation(self.kept) for _ in range(-(-self.total_size // len(self.kept)))]
        order = np.concatenate(turns)[: self.total_size]
        if self.order == 'ascending':
            order = order[np.argsort(self.lengths[order], kind='stable')]
            buckets = [order[begin : begin + self.bucket] for begin in range(0, len(order), self.bucket)]
            order = np.concatenate([generator.permutation(bucket) for bucket in buckets])
        return iter(order[self.rank :: self.world_size].tolist())
