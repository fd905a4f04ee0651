"""Batches of clips of like length."""

from typing import Iterator, List, Optional, Sequence

import numpy as np
from mmengine.dataset import DefaultSampler

from cslrkit.errors import DataError
from cslrkit.registry import DATA_SAMPLERS
from cslrkit.utils.checks import positive
from cslrkit.utils.messages import plural


@DATA_SAMPLERS.register_module()
class LengthGroupedSampler(DefaultSampler):
    """Shuffles an epoch so that the clips of one batch are about equally long.

    A batch is padded to its longest clip, so like lengths spare frames of padding. The epoch is
    shuffled as mmengine's ``DefaultSampler`` shuffles it and cut into pools of ``pool_batches`` batches; each
    pool is sorted by length and cut into batches, and all batches are shuffled. With several
    processes, those of one step get batches out of the same stretch of lengths, so none waits long.
    Batches are no longer independent of length: that is why it is not the default.

    Args:
        dataset: Its samples have ``num_frames``, as annotated.
        batch_size: Clips in a batch of one process; a config's loader hands its own on.
        pool_batches: Batches of each pool; more group better, fewer mix better.
        seed: Seed of the order, alike in all processes; None agrees on one.
        round_up: Whether to repeat samples so that all processes get equally many.

    Raises:
        ConfigError: If ``batch_size`` or ``pool_batches`` is not positive.
        DataError: If a sample has no ``num_frames``.
    """

    def __init__(
        self,
        dataset,
        batch_size: int,
        *,
        pool_batches: int = 50,
        seed: Optional[int] = None,
        round_up: bool = True,
    ) -> None:
        super().__init__(dataset, shuffle=True, seed=seed, round_up=round_up)
        self.batch_size = positive('LengthGroupedSampler.batch_size', batch_size)
        self.pool_batches = positive('LengthGroupedSampler.pool_batches', pool_batches)
        self.lengths = annotated_lengths(dataset)

    def __iter__(self) -> Iterator[int]:
        """Give the indices of this process, batch after batch."""
        order = self._whole_order()
        step = self.batch_size * self.world_size
        generator = np.random.default_rng((self.seed, self.epoch))
        pool = step * self.pool_batches
        steps: List[np.ndarray] = []
        for begin in range(0, len(order), pool):
            part = order[begin : begin + pool]
            part = part[np.argsort(self.lengths[part], kind='stable')]
            steps += [part[first : first + step] for first in range(0, len(part), step)]
        # Only the last step can be short, and only there may a loader find a batch that is.
        full = len(steps) - (len(steps[-1]) < step)
        steps = [steps[position] for position in generator.permutation(full)] + steps[full:]
        return iter([int(index) for indices in steps for index in self._own(indices)])

    def describe(self) -> str:
        """Say which share of a batch's frames is padding, grouped and not, in the epoch to come."""
        shuffled = DefaultSampler(self.dataset, shuffle=True, seed=self.seed, round_up=self.round_up)
        shuffled.set_epoch(self.epoch)
        before, after = (padding_share(self.lengths[list(order)], self.batch_size) for order in (shuffled, self))
        return f'batches of like length: padding is {after:.1%} of all frames (shuffled: {before:.1%})'

    def _whole_order(self) -> np.ndarray:
        """The shuffled epoch of all processes."""
        order = np.random.default_rng((self.seed, self.epoch, 1)).permutation(len(self.dataset))
        return np.resize(order, self.total_size)

    def _own(self, indices: np.ndarray) -> np.ndarray:
        """This process's part of one step."""
        return indices[self.rank :: self.world_size]


def padding_share(lengths: Sequence[int], batch_size: int) -> float:
    """Share of frames that is padding when clips are batched in this order.

    Args:
        lengths: Frames of each clip, in order.
        batch_size: Clips in a batch.
    """
    batches = [lengths[begin : begin + batch_size] for begin in range(0, len(lengths), batch_size)]
    padded = sum(len(batch) * max(batch) for batch in batches)
    return 1 - sum(lengths) / padded


def annotated_lengths(dataset) -> np.ndarray:
    """Return the frames of each sample, as annotated.

    Raises:
        DataError: If a sample has no ``num_frames``.
    """
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    unknown = [info.get('sample_id', index) for index, info in enumerate(infos) if not info.get('num_frames')]
    if unknown:
        raise DataError(
            f"sampler by length: no num_frames for {plural(len(unknown), 'sample')}, the first is '{unknown[0]}'. "
            'Prepare the annotation again, or use DefaultSampler.'
        )
    return np.array([info['num_frames'] for info in infos])
