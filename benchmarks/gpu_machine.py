"""The device that ``python -m benchmarks gpu`` measures, and how its rows are timed."""

import os
from dataclasses import asdict, dataclass
from typing import Any, Callable, Dict, Optional

import torch

from benchmarks.alternate import Measured
from cslrkit.structures import SignDataSample

PRECISIONS = dict(fp32=None, fp16='float16', bf16='bfloat16')
GB = 1024**3


@dataclass(frozen=True)
class Machine:
    """The device and how much it is given: the published sizes on a GPU, small ones on a CPU.

    Args:
        device: Name of the device for PyTorch.
        name: Of the card.
        depth: Of the network.
        width: Of its backbone.
        hidden_size: Of its temporal part.
        clips: In a batch.
        frames: Of a clip.
        size: Of a frame's sides, in pixels.
        rounds: Timed runs.
    """

    device: str
    name: str
    depth: int
    width: int
    hidden_size: int
    clips: int
    frames: int
    size: int
    rounds: int

    @classmethod
    def find(cls, device: Optional[str], *, rounds: int) -> 'Machine':
        """The device that is asked for, or a GPU if there is one."""
        device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
        if device.startswith('cuda'):
            return cls(device, torch.cuda.get_device_name(device), 101, 64, 1024, 2, 100, 224, rounds)
        return cls(device, f'{device}, in small', 18, 16, 64, 2, 16, 64, 1)

    @property
    def is_gpu(self) -> bool:
        """Whether the device is a GPU of CUDA."""
        return self.device.startswith('cuda')

    @property
    def precisions(self) -> Dict[str, Optional[str]]:
        """Name of each precision that the device has, and its type for autocast."""
        return PRECISIONS if self.is_gpu else {'fp32': None, 'bf16': 'bfloat16'}

    def facts(self) -> Dict[str, Any]:
        """What the numbers depend on besides the code."""
        facts = dict(asdict(self), torch=torch.__version__, cuda=torch.version.cuda, cpus=os.cpu_count())
        return dict(facts, cudnn=torch.backends.cudnn.version())

    def finish(self, run: Callable[[], Any]) -> Callable[[], Any]:
        """``run``, until the device is done."""

        def finished() -> None:
            run()
            if self.is_gpu:
                torch.cuda.synchronize()

        return finished

    def peak(self, run: Callable[[], Any]) -> Optional[float]:
        """Gigabytes that ``run`` takes at most, all that is there before included; None on a CPU."""
        if not self.is_gpu:
            return None
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        self.finish(run)()
        return round(torch.cuda.max_memory_allocated() / GB, 3)

    def row(self, row: str, measured: Measured, **extra: Any) -> Dict[str, Any]:
        """A row of the table."""
        numbers = dict(baseline_s=measured.baseline_s, ours_s=measured.ours_s, ratio=measured.ratio)
        spread = dict(ratio_min=min(measured.ratios), ratio_max=max(measured.ratios))
        return dict(row=row, **{key: float(f'{value:.4g}') for key, value in {**numbers, **spread}.items()}, **extra)

    def batch(self, *, frames: Optional[int] = None) -> Dict[str, list]:
        """Clips as the data loader gives them: uint8, in pinned memory beside a GPU."""
        frames = frames or self.frames
        clips = [
            torch.randint(256, (frames, self.size, self.size, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
            for _ in range(self.clips)
        ]
        samples = [SignDataSample.create(str(index), [1], frame_indices=range(frames)) for index in range(self.clips)]
        return dict(inputs=[clip.pin_memory() for clip in clips] if self.is_gpu else clips, data_samples=samples)
