"""The training loop that goes on within an epoch."""

from itertools import islice
from typing import Any, Iterator, Tuple

from mmengine.runner import loops
from torch.utils.data import BatchSampler, DataLoader

from cslrkit.datasets.seeded_dataset import SeededSampler
from cslrkit.registry import LOOPS

BATCHES_DONE = 'batches_done'  # of an epoch that was broken off, in the message hub and so in a checkpoint


@LOOPS.register_module()
class EpochBasedTrainLoop(loops.EpochBasedTrainLoop):
    """mmengine's loop, which a resumed training enters at the batch where it was stopped; arguments are mmengine's."""

    def run_epoch(self) -> None:
        """Iterate an epoch, or the rest of it."""
        self.runner.call_hook('before_train_epoch')
        first = self.runner.message_hub.runtime_info.get(BATCHES_DONE, 0)
        self.runner.message_hub.update_info(BATCHES_DONE, 0)
        self.runner.model.train()
        for index, batch in _batches(self.dataloader, first):
            self.run_iter(index, batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1


def _batches(loader: DataLoader, first: int) -> Iterator[Tuple[int, Any]]:
    """Give the batches of an epoch from ``first`` on, each with its number."""
    sampler = getattr(loader.batch_sampler, 'sampler', None)
    if isinstance(sampler, SeededSampler) and type(loader.batch_sampler) is BatchSampler:
        sampler.skip(first * loader.batch_size)
        return enumerate(loader, first)
    return islice(enumerate(loader), first, None)  # of another sampler of batches, those before are read, too
