"""What limits training on a device: reading, memory, and all of it together in an epoch."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, List

import torch
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader, Subset

from benchmarks.data import PACK, SPEC, TRAIN, Corpus
from benchmarks.gpu_machine import Machine
from benchmarks.gpu_rows import own_step
from cslrkit.models.data_preprocessor import SignDataPreprocessor
from cslrkit.video.packed import pack_frames

REPO = Path(__file__).parents[1]


def measure_read(machine: Machine) -> List[Dict[str, Any]]:
    """Frames a second that loaders of 2, 4 and 8 workers bring onto the device, and those that a step takes."""
    step = machine.finish(own_step(machine, 'float16' if machine.is_gpu else None))
    step()
    needed = machine.clips * machine.frames / _seconds(step)
    rows = [dict(row='frames a second that a training step takes', note=round(needed))]
    preprocessor = SignDataPreprocessor(temporal_spec=SPEC).to(machine.device)
    clips, frames, passes = (16, 140, 4) if machine.is_gpu else (2, 8, 1)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(Path(folder, 'main'), kind='video', num_clips=clips, num_frames=frames)
        corpus.write_videos(corpus.root / 'videos')
        pack_frames(corpus.dataset(TRAIN), str(corpus.root / 'pack'))
        media = {
            'PNG': None,
            'packs': dict(type='PackedFrames', path='pack'),
            'MP4': dict(type='VideoFiles', path='videos'),
        }
        for name, source in media.items():
            for workers in (2, 4, 8) if machine.is_gpu else (0,):
                dataset = Subset(corpus.dataset([*TRAIN, PACK], source), list(range(clips)) * passes)
                loader = DataLoader(
                    dataset,
                    batch_size=2,
                    collate_fn=pseudo_collate,
                    num_workers=workers,
                    pin_memory=machine.is_gpu,
                    persistent_workers=workers > 0,
                )
                rate = _frames_per_second(loader, preprocessor, machine)
                note = f'{rate:.0f} frames a second: {"enough" if rate >= needed else "the device waits"}'
                rows.append(dict(row=f'reading {name}, {workers} workers', note=note))
    return rows


def _frames_per_second(loader: DataLoader, preprocessor: SignDataPreprocessor, machine: Machine) -> float:
    def read() -> int:
        return sum(sum(map(int, preprocessor(data)['frame_lens'])) for data in loader)

    read()  # workers start
    start = time.perf_counter()
    return read() / (time.perf_counter() - start)


def _seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def measure_longest(machine: Machine) -> List[Dict[str, Any]]:
    """The longest clip of a training step in fp16, for cards of 12, 24, 80 GB."""
    total = torch.cuda.get_device_properties(machine.device).total_memory
    rows = []
    for gigabytes in (12, 24, 80):
        if gigabytes * 1e9 > 1.02 * total:
            rows.append(dict(row=f'longest clip in {gigabytes} GB', note=f'this card has {total / 1e9:.0f} GB'))
            continue
        torch.cuda.set_per_process_memory_fraction(min(1.0, gigabytes * 1e9 / total))
        for with_cp in (False, True):
            longest = _longest_that_fits(machine, with_cp=with_cp)
            way = 'checkpointing' if with_cp else 'plain'
            rows.append(
                dict(row=f'longest clip in {gigabytes} GB, {way}', note=f'{machine.clips} clips of {longest} frames')
            )
    torch.cuda.set_per_process_memory_fraction(1.0)
    return rows


def _longest_that_fits(machine: Machine, *, with_cp: bool) -> int:
    """Frames of the longest clips of a batch that a training step has the memory for, to 8 frames."""
    fits, fails = 0, 4096
    while fails - fits > 8:
        frames = min(2 * fits or 32, (fits + fails) // 8 * 4)
        try:
            machine.finish(own_step(machine, 'float16', with_cp=with_cp, frames=frames))()
            fits = frames
        except torch.cuda.OutOfMemoryError:
            fails = frames
        torch.cuda.empty_cache()
    return fits


def measure_epoch(machine: Machine) -> List[Dict[str, Any]]:
    """An epoch of the drawn corpus with ``tools/train.py --amp``, from start to end."""
    with tempfile.TemporaryDirectory() as folder:
        preset = 'small' if machine.is_gpu else 'tiny'
        commands = [
            ['tools/make_synthetic.py', f'{folder}/corpus', '--preset', preset],
            ['tools/train.py', 'configs/slowfast/synthsign.py', '--work-dir', f'{folder}/run', '--amp'],
        ]
        options = ['--cfg-options', f'data_root={folder}/corpus', 'train_cfg.max_epochs=1']
        if not machine.is_gpu:
            commands[0] += ['--size', '112x112']
        seconds = []
        for command in (commands[0], [*commands[1], *options]):
            start = time.perf_counter()
            subprocess.run(
                [sys.executable, *command],
                cwd=REPO,
                check=True,
                stdout=subprocess.DEVNULL,
                env={**os.environ, 'PYTHONPATH': str(REPO)},
            )
            seconds.append(time.perf_counter() - start)
    return [dict(row=f'an epoch of the drawn corpus ({preset}), start to end', ours_s=round(seconds[1], 1))]
