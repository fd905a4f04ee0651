"""How fast clips and batches are read, against OpenCV alone and against a feeder without shortcuts."""

import argparse
import importlib.util
import itertools
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Optional, Sequence

import av
import cv2
import numpy as np
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader, Dataset, Subset

from benchmarks.alternate import alternate, report
from benchmarks.frame_kinds import KINDS, files_of, write_clips
from benchmarks.plain_feeder import PlainFeeder, plain_collate
from benchmarks.threads import torch_threads
from cslrkit.datasets import CSLRDataset
from cslrkit.errors import ConfigError
from cslrkit.models.data_preprocessor import SignDataPreprocessor
from cslrkit.structures.temporal_spec import TemporalSpec
from cslrkit.utils.npy import save_object
from cslrkit.utils.random_seeds import seed_all
from cslrkit.video.packed import pack_frames

BENCHMARK = 'data'
CROP = 224
SPEC = TemporalSpec(('K5', 'P2', 'K5', 'P2'))
TRAIN = (
    dict(type='LoadFrames'),
    dict(type='RandomCrop', size=CROP),
    dict(type='RandomHorizontalFlip', prob=0.5),
    dict(type='Resize', scale=1.0),
    dict(type='TemporalRescale', temp_scaling=0.2),
)
TEST = (dict(type='LoadFrames'), dict(type='CenterCrop', size=CROP), dict(type='Resize', scale=1.0))
PACK = dict(type='PackSignInputs')
WORDS = dict(train='training samples of {} frames', test='test samples of {} frames')
# What the project wants of each row at least, see docs/performance.md.
REQUIRED_SAMPLES = {
    ('train', 'folders'): 1.15,
    ('test', 'folders'): 0.95,
    ('train', 'packed'): 3.0,
    ('test', 'packed'): None,
    ('train', 'videos'): None,
    ('test', 'videos'): None,
}
REQUIRED_BATCHES = 2.5
PASSES = 2  # each clip is in so many batches of a round
GROWTH_ROUNDS = 3  # of rows that show how the cost grows, at most


class Corpus:
    """Clips on disk, in a folder that the caller removes.

    Args:
        root: The folder.
        kind: What frames look like, see :mod:`benchmarks.frame_kinds`.
        num_clips: How many clips.
        num_frames: Frames of each.
    """

    def __init__(self, root: Path, *, kind: str, num_clips: int, num_frames: int) -> None:
        self.root = root
        self.files = files_of(write_clips(str(root), kind, num_clips=num_clips, num_frames=num_frames))
        self.num_frames = num_clips * num_frames
        (root / 'preprocess').mkdir()
        save_object(root / 'preprocess' / 'gloss_dict.npy', {'A': [1, num_clips]})
        entries = {
            index: dict(
                fileid=Path(files[0]).parent.name,
                folder=f'{Path(files[0]).parent.name}/*.png',
                signer='s',
                label='A',
                num_frames=num_frames,
                original_info='',
            )
            for index, files in enumerate(self.files)
        }
        save_object(root / 'preprocess' / 'train_info.npy', entries)
        sizes = [Path(path).stat().st_size for files in self.files for path in files]
        self.facts = dict(clips=num_clips, frames=num_frames, frame_kb=round(np.mean(sizes) / 1000), kind=kind)

    def dataset(self, pipeline: Sequence[dict], frames: Optional[Dict[str, Any]] = None) -> CSLRDataset:
        """The clips as a dataset."""
        return CSLRDataset(str(self.root), 'train', pipeline=pipeline, frames=frames)

    def write_videos(self, folder: Path) -> None:
        """Write each clip as an H.264 file as cameras and editors do: constant quality, 25 frames a second."""
        folder.mkdir()
        for files in self.files:
            with av.open(str(folder / f'{Path(files[0]).parent.name}.mp4'), 'w') as container:
                stream = container.add_stream('libx264', rate=25, options=dict(crf='18'))
                stream.height, stream.width = cv2.imread(files[0]).shape[:2]
                stream.pix_fmt = 'yuv420p'
                for path in files:
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(cv2.imread(path), format='bgr24')))
                container.mux(stream.encode())

    def read_all(self) -> None:
        """Decode every frame by OpenCV alone."""
        for files in self.files:
            for path in files:
                cv2.imread(path)


class DecodeOnly(Dataset):
    """Decodes the frames that a sample needs and drops them: the limit of reading it.

    Args:
        dataset: A dataset whose pipeline ends before packing.
    """

    def __init__(self, dataset: CSLRDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> int:
        sample = self.dataset[index]
        return sum(1 for _ in sample['frames'].decode(np.unique(sample['frame_indices']).tolist()))


def measure_samples(corpus: Corpus, rounds: int, *, packed: bool, growth: bool = False) -> None:
    """Report training and test samples from folders, from video files and from packed frames, with one thread.

    What video files give differs from the images by their compression, so only their speed and size compare.

    Args:
        corpus: The clips.
        rounds: Timed readings.
        packed: Whether to pack the frames too.
        growth: Whether the rows are to show how the cost grows, and nothing is required of them.
    """
    runs = {}
    corpus.write_videos(corpus.root / 'videos')
    sources = dict(folders=None, videos=dict(type='VideoFiles', path='videos'))
    source_kb = dict(folders=corpus.facts['frame_kb'], videos=_frame_kb(corpus.root / 'videos', corpus.num_frames))
    if packed:
        pack_frames(corpus.dataset(TRAIN), str(corpus.root / 'pack'))
        sources['packed'] = dict(type='PackedFrames', path='pack')
        source_kb['packed'] = _frame_kb(corpus.root / 'pack', corpus.num_frames)
    for source, frames in sources.items():
        for name, pipeline in (('train', TRAIN), ('test', TEST)):
            runs[name, source] = _reader(corpus.dataset([*pipeline, PACK], frames))
            runs[name, source, 'limit'] = _reader(DecodeOnly(corpus.dataset(pipeline, frames)))
    with torch_threads(1):
        measured = alternate(corpus.read_all, runs, rounds=rounds)
        for (name, source), required in REQUIRED_SAMPLES.items():
            if source not in sources:
                continue
            row = measured[name, source]
            report(
                row,
                benchmark=BENCHMARK,
                row=f'{WORDS[name].format(corpus.facts["frames"])} from {source}, against cv2.imread of every frame',
                required=None if growth else required,
                limit_s=measured[name, source, 'limit'].ours_s,
                source_frames_per_s=round(corpus.num_frames / row.ours_s),
                source_kb=source_kb[source],
                **corpus.facts,
            )


def measure_batches(corpus: Corpus, rounds: int, *, workers: int, required: Optional[float] = None) -> None:
    """Report batches of two clips, from the dataset to floats for the device."""
    indices = list(range(len(corpus.files))) * PASSES
    options = dict(batch_size=2, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
    plain = DataLoader(Subset(PlainFeeder(corpus.files, size=CROP), indices), collate_fn=plain_collate(SPEC), **options)
    ours = DataLoader(Subset(corpus.dataset([*TRAIN, PACK]), indices), collate_fn=pseudo_collate, **options)
    decoding = DataLoader(Subset(DecodeOnly(corpus.dataset(TRAIN)), indices), **options)
    preprocessor = SignDataPreprocessor(temporal_spec=SPEC)

    def read_ours() -> None:
        for data in ours:
            preprocessor(data)

    measured = alternate(
        lambda: _exhaust(plain), {'ours': read_ours, 'limit': lambda: _exhaust(decoding)}, rounds=rounds
    )
    report(
        measured['ours'],
        benchmark=BENCHMARK,
        row=f'batches of 2 clips, {workers} workers, against a plain feeder',
        required=required,
        limit_s=measured['limit'].ours_s,
        batches_per_s=round(len(ours) / measured['ours'].ours_s, 2),
        **corpus.facts,
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--kind', choices=list(KINDS), default='video', help='how frames look (default: %(default)s)')
    parser.add_argument('--clips', type=int, default=8, metavar='N', help='clips on disk (default: %(default)s)')
    parser.add_argument('--frames', type=int, metavar='N', help='frames of each (default: 64 if short, else 140)')


def run(args: argparse.Namespace) -> None:
    """Make the clips and measure."""
    rounds = args.rounds
    num_frames = args.frames or (64 if args.short else 140)
    if args.clips < 1 or num_frames < 1:
        raise ConfigError(f'--clips and --frames: got {args.clips} and {args.frames}, expected at least 1.')
    cv2.setNumThreads(0)  # as in the workers of a training run
    packed = importlib.util.find_spec('zstandard') is not None
    if not packed:
        print("packed frames are left out: they need pip install 'cslrkit[packed]'")
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(Path(folder, 'main'), kind=args.kind, num_clips=args.clips, num_frames=num_frames)
        measure_samples(corpus, rounds, packed=packed)
        measure_batches(corpus, rounds, workers=2, required=REQUIRED_BATCHES)
        if not args.short:
            _measure_growth(corpus, min(rounds, GROWTH_ROUNDS), packed=packed)


def _measure_growth(corpus: Corpus, rounds: int, *, packed: bool) -> None:
    """Report batches by the number of workers, and samples by their length."""
    for workers in (0, 1):
        measure_batches(corpus, rounds, workers=workers)
    for num_frames in (50, 100, 200, 300):
        folder = corpus.root.parent / str(num_frames)
        clips = Corpus(folder, kind=corpus.facts['kind'], num_clips=2, num_frames=num_frames)
        measure_samples(clips, rounds, packed=packed, growth=True)


def _frame_kb(folder: Path, num_frames: int) -> float:
    """Size on disk of a frame out of so many in a folder of files, in KB."""
    return round(sum(path.stat().st_size for path in folder.iterdir()) / num_frames / 1000, 1)


def _reader(dataset: Dataset) -> Callable[[], None]:
    """A function that reads every sample, with the draws of the round that it is in."""
    rounds = itertools.count()

    def read() -> None:
        seed_all(next(rounds))
        for index in range(len(dataset)):
            dataset[index]

    return read


def _exhaust(batches: Iterable[Any]) -> None:
    for _ in batches:
        pass
