"""What restoring blurred hands wins: likeness to the clean frames, and word error rate."""

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Tuple

import cv2
import numpy as np

from benchmarks.alternate import environment
from benchmarks.picture_quality import Boxes, Quality
from cslrkit.apis.run import evaluate_model
from cslrkit.corpora.synthsign import make_corpus
from cslrkit.datasets import CSLRDataset
from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError, DataNotFoundError
from cslrkit.evaluation.report import ScoredCorpus, compare_corpora, score_files
from cslrkit.restoration import LinearDegradation, MotionBlur
from cslrkit.restoration.degradation import floating
from cslrkit.restoration.regions import find_regions, paste
from cslrkit.utils.files import write_atomically
from cslrkit.utils.progress import ProgressLine
from cslrkit.utils.tables import format_table
from cslrkit.video.images import write_image

CONFIG = 'configs/slowfast/synthsign.py'
REGIONS = ('hands',)
QUALITY = ('psnr', 'ssim', 'ssim_outside', 'consistency', 'flicker', 'changed_outside', 'seconds')
LPIPS_NOTE = 'LPIPS is left out: its networks are downloads, and no installed package brings them.'
_ROUNDING = 1 / 12  # variance of a degraded pixel from its rounding to a whole number
_WIENER_RHO = 0.005  # noise over signal; the best PSNR of 0.001, 0.003, 0.01 ... on dev lies around it

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]  # of a box of a frame, floating (1, h, w, 3)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--out', metavar='DIR', default='work_dirs/restoration', help='where corpora and results lie; '
                        'what is there is not made again (default: %(default)s)')  # fmt: skip
    parser.add_argument('--data-root', metavar='DIR', help='a corpus of tools/make_synthetic.py (default: draws one)')
    parser.add_argument('--checkpoint', metavar='FILE', help='recognizer of the clean corpus (default: no WER)')
    parser.add_argument('--degraded-checkpoint', metavar='FILE', help='one that was trained on degraded frames')
    parser.add_argument('--splits', nargs='+', default=['dev', 'test'], metavar='SPLIT', help='default: dev test')
    parser.add_argument('--restored', nargs='*', default=[], metavar='NAME', help='folders in --out that '
                        'tools/restore_frames.py made of "degraded" there')  # fmt: skip
    parser.add_argument('--length', type=int, default=15, help='of the blur in pixels (default: %(default)s)')
    parser.add_argument('--angle', type=float, default=30.0, help='of the blur in degrees (default: %(default)s)')
    parser.add_argument('--sigma', type=float, default=2.0, help='of the noise (default: %(default)s)')


def run(args: argparse.Namespace) -> None:
    """Make the corpora and compare them."""
    out = Path(args.out)
    for name in args.restored:
        if not (out / name).is_dir():
            raise DataNotFoundError(f"--restored: '{out / name}' does not exist. tools/restore_frames.py makes it.")
    if args.degraded_checkpoint and not args.checkpoint:
        raise ConfigError(
            '--degraded-checkpoint is compared with a recognizer of clean frames. Give --checkpoint, too.'
        )
    _check_settings(out / 'settings.json', dict(length=args.length, angle=args.angle, sigma=args.sigma))
    if args.data_root is None:
        preset = 'tiny' if args.short else 'small'
        args.data_root = make_corpus(out / 'clean', preset=preset, progress=True).root
    blur = MotionBlur(args.length, args.angle)
    noise = float(np.sqrt(args.sigma**2 + _ROUNDING))
    roots = {'clean': Path(args.data_root).absolute()}
    splits = [read_split(roots['clean'], split) for split in args.splits]
    changes: Dict[str, Change] = {
        'degraded': lambda box, rng: blur.A(box) + args.sigma * rng.standard_normal(box.shape),
        'unsharp': lambda box, rng: unsharp(box, args.length / 4),
        'wiener': lambda box, rng: wiener(blur, box),
    }
    seconds = {}
    for name, change in changes.items():
        roots[name] = out / name
        source = roots['clean' if name == 'degraded' else 'degraded']
        seconds[name] = make_variant(splits, roots['clean'], source, roots[name], change, fade=name != 'degraded')
    roots.update((name, out / name) for name in args.restored)
    quality = {name: compare_frames(splits, roots, name, blur, noise) for name in roots if name != 'clean'}
    records = [dict(benchmark='restoration', row=name, seconds=seconds.get(name), **quality[name]) for name in quality]
    cells = [[row['row'], *('' if row[key] is None else f'{row[key]:.4g}' for key in QUALITY)] for row in records]
    print(f'{format_table(["frames", *QUALITY], cells)}\n{LPIPS_NOTE}', flush=True)
    models = {'clean': args.checkpoint, 'degraded': args.degraded_checkpoint}
    scored = {
        (trained, name): score_variant(root, args.splits, checkpoint, out / 'scores' / trained / name)
        for trained, checkpoint in models.items()
        if checkpoint
        for name, root in roots.items()
    }
    records += report_wer(scored)
    for record in records:
        print(json.dumps(dict(record, length=args.length, sigma=args.sigma, splits=args.splits, env=environment())))


def _check_settings(record: Path, settings: Mapping[str, Any]) -> None:
    """Let a folder hold frames of one degradation only."""
    if record.is_file() and json.loads(record.read_text()) != settings:
        raise ConfigError(f"--out: '{record.parent}' was made with {record.read_text()}, not {settings}. Give another.")
    record.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(record, json.dumps(settings))


# --- corpora ------------------------------------------------------------------------------------


def read_split(root: Path, split: str) -> CSLRDataset:
    """Return a split of a drawn corpus with frames and keypoints."""
    frames, keypoints = dict(type='ImageFolders'), dict(type='StoredKeypoints')
    return CSLRDataset(str(root), split=split, corpus='synthsign', frames=frames, keypoints=keypoints)


def clips_of(dataset: CSLRDataset, root: Path) -> Iterator[Tuple[List[str], Boxes]]:
    """Yield the paths of the frames of each clip, relative to the corpus, and the boxes of its hands."""
    for index in range(len(dataset)):
        paths = [os.path.relpath(path, root) for path in dataset.clip(index).paths]
        keypoints = dataset.keypoint_reader.read(dataset.get_data_info(index)['sample_id'], len(paths))
        yield paths, find_regions(read_frames(root, paths[:1]).repeat(len(paths), 0), keypoints, REGIONS)


def read_frames(root: Path, paths: List[str]) -> np.ndarray:
    """Read frames of a corpus, uint8 (T, H, W, 3)."""
    return np.stack([cv2.imread(str(root / path))[..., ::-1] for path in paths])


def make_variant(
    splits: List[CSLRDataset], clean: Path, source: Path, target: Path, change: Change, *, fade: bool
) -> float:
    """Write a corpus whose frames are those of another with boxes changed; return the seconds a frame of the change.

    Args:
        splits: Of the clean corpus.
        clean: Its folder.
        source: Folder of the corpus whose frames are changed.
        target: Folder of the new one; if it was made before, it stays.
        change: Of each box.
        fade: Whether what is changed fades in at the edges of a box.
    """
    done = target.parent / 'seconds' / f'{target.name}.json'
    if done.is_file():
        return json.loads(done.read_text())
    took, frames = 0.0, 0
    for dataset in splits:
        line = ProgressLine(f'{target.name} {dataset.split}', len(dataset))
        for number, (paths, boxes) in enumerate(clips_of(dataset, clean)):
            rng = np.random.default_rng(number)
            for path, frame, found in zip(paths, read_frames(source, paths), boxes):
                start, changed = time.perf_counter(), frame.copy()
                for left, top, right, bottom in found.values():
                    part = change(floating(frame[None, top:bottom, left:right]), rng)[0]
                    part = np.clip(np.rint(part), 0, 255).astype(np.uint8)
                    if fade:
                        changed = paste(changed, part, (left, top, right, bottom))
                    else:
                        changed[top:bottom, left:right] = part
                took, frames = took + time.perf_counter() - start, frames + 1
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                write_image(str(target / path), changed)
            line.add(1)
        line.close()
    for name in ('preprocess', 'keypoints'):
        if not (target / name).is_symlink():
            (target / name).symlink_to(clean / name)
    done.parent.mkdir(exist_ok=True)
    write_atomically(done, json.dumps(took / frames))
    return took / frames


def unsharp(box: np.ndarray, sigma: float) -> np.ndarray:
    """Add what a box differs from its blurred self."""
    return 2 * box - cv2.GaussianBlur(box[0], (0, 0), sigma)[None]


def wiener(degradation: LinearDegradation, box: np.ndarray) -> np.ndarray:
    """Return the Wiener filter of a box, whose signal is taken for white around its mean."""
    return degradation.proximal(np.full_like(box, box.mean()), box, _WIENER_RHO)


# --- figures ------------------------------------------------------------------------------------


def compare_frames(
    splits: List[CSLRDataset], roots: Mapping[str, Path], name: str, blur: MotionBlur, noise: float
) -> Dict[str, float]:
    """Return the figures of a corpus's frames."""
    quality = Quality(blur, noise, reach=len(blur.kernel()) // 2 + 3)
    for dataset in splits:
        for paths, boxes in clips_of(dataset, roots['clean']):
            quality.add(*(read_frames(roots[root], paths) for root in (name, 'clean', 'degraded')), boxes)
    return quality.means()


def score_variant(root: Path, splits: List[str], checkpoint: str, work_dir: Path) -> ScoredCorpus:
    """Recognize the splits of a corpus, unless that was done before, and score them together."""
    parts = []
    for split in splits:
        if not (work_dir / f'{split}.ctm').is_file():
            config = load_config(CONFIG, {'data_root': str(root)})
            evaluate_model(config, checkpoint, split=split, work_dir=work_dir)
        parts.append(score_files(work_dir / f'{split}.stm', work_dir / f'{split}.ctm'))
    return replace(parts[0], sentences=[sentence for part in parts for sentence in part.sentences])


def report_wer(scored: Mapping[Tuple[str, str], ScoredCorpus]) -> List[Dict[str, Any]]:
    """Print the word error rates, each compared with degraded frames before the recognizer of clean ones."""
    records = []
    for (trained, name), corpus in scored.items():
        test = compare_corpora(scored['clean', 'degraded'], corpus)
        kept = {key: test[key] for key in ('difference', 'low', 'high', 'p_value')}
        records.append(dict(benchmark='restoration', row=name, trained_on=trained, wer=corpus.total.wer, **kept))
    if records:
        headings = ['frames', 'trained on', 'WER %', 'to degraded', '95 % interval', 'p']
        rows = [
            [row['row'], row['trained_on'], f'{row["wer"]:.2f}', f'{row["difference"]:+.2f}',
             f'{row["low"]:+.2f} to {row["high"]:+.2f}', f'{row["p_value"]:.4f}']
            for row in records
        ]  # fmt: skip
        print(format_table(headings, rows, left=2), flush=True)
    return records
