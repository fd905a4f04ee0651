"""Compare codecs of packed frames by size and by speed, each with ``cv2.imread`` over the PNG files."""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

import cv2
import numpy as np
import torch

from benchmarks.alternate import Measured, alternate, report
from benchmarks.frame_kinds import KINDS, files_of, write_clips
from benchmarks.other_codecs import other_codecs
from cslrkit.errors import DataError
from cslrkit.registry import DATASETS
from cslrkit.utils.npy import save_object
from cslrkit.video.packed import CODECS, pack_frames

REQUIRED = 3.0  # training samples from packed frames against imread alone
_PIPELINE = (
    dict(type='LoadFrames'),
    dict(type='RandomCrop', size=224),
    dict(type='RandomHorizontalFlip', prob=0.5),
    dict(type='Resize', scale=1.0),
    dict(type='TemporalRescale', temp_scaling=0.2),
    dict(type='PackSignInputs'),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--frames', nargs='+', metavar='FOLDER', help='clips of your own, a folder of images each')
    parser.add_argument('--kind', nargs='+', choices=list(KINDS), help='kinds of generated frames (default: all)')


def run(args: argparse.Namespace) -> None:
    """Measure each kind of frames."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    num_clips, num_frames = (2, 48) if args.short else (3, 96)
    with tempfile.TemporaryDirectory() as folder:
        if args.frames:
            measure(files_of(args.frames), 'own frames', folder, rounds=args.rounds, others=not args.short)
            return
        for kind in args.kind or (['sensor noise'] if args.short else KINDS):
            root = os.path.join(folder, kind)
            clips = write_clips(os.path.join(root, 'source'), kind, num_clips=num_clips, num_frames=num_frames)
            measure(files_of(clips), kind, root, rounds=args.rounds, others=not args.short)


def measure(
    clips: Sequence[Sequence[str]], kind: str, folder: str, *, rounds: int, others: bool = True
) -> List[Dict[str, Any]]:
    """Measure every codec on clips, and the training samples from packs of them; print and return the records.

    Args:
        clips: The image files of each clip.
        kind: What they show, for the report.
        folder: Where packs go.
        rounds: How often each codec is timed.
        others: Whether codecs are measured that packs do not use.

    Raises:
        DataError: If there are no frames or one cannot be read.
    """
    files = [path for clip in clips for path in clip]
    images = [cv2.imread(path) for path in files]
    if not images or any(image is None or image.shape != images[0].shape for image in images):
        raise DataError(f'benchmark: {len(files)} files of {kind}, expected images, all of one size.')
    root = _write_corpus(clips, folder)
    pixels, samples, size = _packs(root)
    size['PNG files'] = sum(os.path.getsize(path) for path in files)
    if others:
        for name, (run, num_bytes) in _other_runs(images).items():
            pixels[name], size[name] = run, num_bytes

    def read_all() -> None:
        for path in files:
            cv2.imread(path)

    measured = alternate(read_all, {**pixels, **samples}, rounds=rounds)
    kb = {name: round(value / len(files) / 1024, 1) for name, value in size.items()}
    shared = dict(benchmark='pack_codecs', frames=len(files), png_kb=kb['PNG files'])
    records = []
    for name, result in measured.items():
        is_samples = name in samples
        codec = name.split(': ')[-1]
        row = f'{kind}: {name}' if is_samples else f'{kind}: decoding {name}'
        required = REQUIRED if is_samples and codec == 'zstd' else None
        records.append(report(result, row=row, required=required, kb=kb[codec], ms=_ms(result, len(files)), **shared))
    return records


def _ms(result: Measured, num_frames: int) -> float:
    return round(1e3 * result.ours_s / num_frames, 4)


def _write_corpus(clips: Sequence[Sequence[str]], folder: str) -> str:
    """Annotate clips, where they are, as a corpus."""
    root = Path(folder, 'corpus')
    (root / 'preprocess').mkdir(parents=True)
    entries = {}
    for number, clip in enumerate(clips):
        pattern = os.path.join(os.path.abspath(os.path.dirname(clip[0])), '*')
        entries[number] = dict(
            fileid=str(number), folder=pattern, signer='', label='', num_frames=len(clip), original_info=''
        )
    save_object(root / 'preprocess/train_info.npy', entries)
    save_object(root / 'preprocess/gloss_dict.npy', {'A': [1, 1]})
    return str(root)


def _packs(root: str) -> Tuple[Dict[str, Callable[[], Any]], Dict[str, Callable[[], Any]], Dict[str, int]]:
    """Pack with every codec; return what decodes all frames, what makes training samples, and sizes."""
    pixels, samples, size = {}, {}, {}
    for codec in CODECS:
        own = dict(type='CSLRDataset', data_root=root, split='train')
        size[codec] = pack_frames(
            DATASETS.build(own), os.path.join(root, codec), codec=codec, workers=1
        ).index.num_bytes
        own.update(pipeline=list(_PIPELINE), frames=dict(type='PackedFrames', path=codec))
        dataset = DATASETS.build(own)
        pixels[codec] = _decoding(dataset)
        samples[f'training samples: {codec}'] = _reading(dataset)
    return pixels, samples, size


def _decoding(dataset: Any) -> Callable[[], Any]:
    clips = [
        dataset.clip_reader.clip(dataset.frame_pattern(dataset.get_data_info(number)['folder']), where='benchmark')
        for number in range(len(dataset))
    ]

    def run() -> None:
        for clip in clips:
            for _ in clip.decode(range(len(clip))):
                pass

    return run


def _reading(dataset: Any) -> Callable[[], Any]:
    def run() -> None:
        for number in range(len(dataset)):
            dataset[number]

    return run


def _other_runs(images: Sequence[np.ndarray]) -> Dict[str, Tuple[Callable[[], Any], int]]:
    """Encode all frames with each other codec, which must be lossless; return what decodes them, and the size."""
    runs = {}
    for name, (encode, decode) in other_codecs(images[0].shape).items():
        encoded = [encode(image) for image in images]
        if not all(np.array_equal(decode(data), image) for data, image in zip(encoded, images)):
            raise DataError(f'benchmark: {name} is not lossless.')

        def run(encoded: List[bytes] = encoded, decode: Callable[[bytes], np.ndarray] = decode) -> None:
            for data in encoded:
                decode(data)

        runs[name] = run, sum(map(len, encoded))
    return runs
