"""Samples of a config's corpus: which they are, and contact sheets of them on disk and as the network is given them."""

import copy
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Union

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.runner import set_random_seed

from cslrkit.datasets.seeded_dataset import SeededDataset
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import DATASETS, nearest
from cslrkit.structures import SignDataSample
from cslrkit.utils.checks import one_of, positive
from cslrkit.utils.messages import listed, plural
from cslrkit.video.video_writer import VideoWriter
from cslrkit.visualization.cam_pictures import clip_images, clip_rate
from cslrkit.visualization.canvas import Canvas, scaled

LOADERS = {'train': 'train_dataloader', 'dev': 'val_dataloader', 'test': 'test_dataloader'}

_COLUMNS = 10
_TILE = 112  # pixels, height of a frame
_TIMES_USED = ((225, 225, 225), (70, 130, 200), (20, 50, 110))  # colours: never, once, more often


@dataclass(frozen=True)
class PipelineRun:
    """What one run of the pipeline gave.

    Args:
        seed: Of all generators before it.
        images: Frames, RGB, uint8 (T, H, W, 3).
        sample: The packed annotation.
    """

    seed: int
    images: np.ndarray
    sample: SignDataSample


class SampleBrowser:
    """Reads samples of a split before and after its pipeline.

    Args:
        config: A complete config.
        split: ``'train'`` (with the augmentation of training), ``'dev'`` or ``'test'``.

    Raises:
        ConfigError: If the config has no loader for the split.
        DataNotFoundError: If the corpus is not there.
    """

    def __init__(self, config: Config, split: str) -> None:
        loader = config.get(LOADERS[one_of('split', split, LOADERS)])
        if loader is None:
            raise ConfigError(f'config: it has no {LOADERS[split]}, so there is no pipeline of {split}.')
        self.split = split
        self.dataset = DATASETS.build(copy.deepcopy(loader.dataset))
        self._on_disk = DATASETS.build({**copy.deepcopy(loader.dataset), 'pipeline': []})

    def run(self, place: int, *, seed: int, times: int = 1) -> List[PipelineRun]:
        """Run the pipeline on a sample, with all generators seeded by ``seed``, ``seed + 1``, ...

        Raises:
            DataError: If the pipeline does not end by ``PackSignInputs``.
        """
        runs = []
        for each in range(seed, seed + positive('draws', times)):
            set_random_seed(each)
            packed = self.dataset[place]
            if not isinstance(packed, dict) or not isinstance(packed.get('data_samples'), SignDataSample):
                kind = type(packed).__name__
                raise DataError(f'{self.split}: the pipeline gives a {kind}; end it with PackSignInputs.')
            runs.append(PipelineRun(each, clip_images(packed), packed['data_samples']))
        return runs

    def sheet(self, place: int, runs: Sequence[PipelineRun]) -> np.ndarray:
        """Draw the frames of a sample on disk, and below them what each run gave, with numbers of frames.

        A bar over the clip shows which frames on disk a run uses: never (grey), once (blue), more often (dark).

        Returns:
            RGB picture, uint8.
        """
        info, frames = self.dataset.get_data_info(place), self._on_disk[place]['frames']
        height, width = frames.frame_size(0)
        tile_width = max(round(_TILE * width / height), *(_tile_width(run.images[0]) for run in runs), 60)
        glosses = ' '.join(info['glosses'])
        heading = f'{info["sample_id"]}   ({self.split}{", " + info["signer"] if info["signer"] else ""})'
        canvas = Canvas((tile_width + 4) * _COLUMNS + 4, texts=[heading, glosses])
        canvas.text(heading, size=17)
        canvas.text(f'{plural(len(info["glosses"]), "gloss")}: {glosses}', size=15)
        canvas.text(f'on disk: {plural(len(frames), "frame")} of {width}x{height}')
        chosen = _spread(len(frames))
        canvas.row(
            [_tile(image, tile_width) for image in frames.decode(chosen)], [f'frame {index}' for index in chosen]
        )
        for run in runs:
            steps, size = len(run.images), run.images.shape
            canvas.text(
                f'seed {run.seed}: {plural(steps, "frame")} of {size[2]}x{size[1]}, read from the frames on disk'
            )
            canvas.row([_usage(run.sample.frame_indices, len(frames), canvas.width - 8)])
            chosen = _spread(steps)
            labels = [f'{step}: frame {run.sample.frame_indices[step]}' for step in chosen]
            canvas.row([_tile(run.images[step], tile_width) for step in chosen], labels)
        return canvas.picture()

    def write_video(self, place: int, run: PipelineRun, path: Union[str, Path]) -> None:
        """Write what a run gave as a video, each frame beside the one on disk that it was made from."""
        distinct = sorted(set(run.sample.frame_indices))
        on_disk = dict(zip(distinct, self._on_disk[place]['frames'].decode(distinct)))
        with closing(VideoWriter(path, clip_rate(run.sample))) as writer:
            for index, image in zip(run.sample.frame_indices, run.images):
                pair = (on_disk[index], image)
                height = max(2 * _TILE, *map(len, pair)) // 2 * 2
                sides = [scaled(each, height, -(-each.shape[1] * height // len(each) // 2) * 2) for each in pair]
                writer.write(np.concatenate(sides, 1))


def evaluation_samples(
    config: Config, split: str, *, sample_ids: Sequence[str] = (), num: int = 1
) -> List[Callable[[], Dict[str, Any]]]:
    """Return a function for each sample that reads and packs it as in testing.

    Args:
        config: A complete config with a test loader.
        split: ``'train'``, ``'dev'`` or ``'test'``.
        sample_ids: Which samples; the first ``num`` by default.
        num: How many.

    Raises:
        ConfigError: If the config has no test loader.
        DataNotFoundError: If the corpus is not there.
        DataError: If there is no such sample.
    """
    from cslrkit.engine.complete import select_split  # late: that package imports hooks of this one

    if config.get('test_dataloader') is None:
        raise ConfigError('config: it has no test_dataloader, which says how samples are read.')
    dataset = SeededDataset(select_split(config, split).test_dataloader.dataset)
    places = find_samples(dataset, sample_ids, num)
    return [partial(dataset.__getitem__, place) for place in places]


def find_samples(dataset: Any, sample_ids: Sequence[str], num: int) -> List[int]:
    """Return the positions of samples in a dataset; the first ``num`` if none is named.

    Raises:
        DataError: If there is no such sample; the message has the nearest names.
    """
    if not sample_ids:
        return list(range(min(positive('num', num), len(dataset))))
    known = {name: place for place, name in enumerate(dataset.sample_ids)}
    for name in sample_ids:
        if name not in known:
            raise DataError(
                f"sample id: got '{name}', expected one of the {len(known)} of '{dataset.split}': "
                f'{listed(known, 3)}.{nearest(name, known)}'
            )
    return [known[name] for name in sample_ids]


def _spread(count: int) -> List[int]:
    return sorted({int(place) for place in np.linspace(0, count - 1, min(_COLUMNS, count)).round()})


def _tile(image: np.ndarray, width: int) -> np.ndarray:
    """An image at the height of a row, on white where it is narrower than ``width``."""
    own = min(width, _tile_width(image))
    return cv2.copyMakeBorder(
        scaled(image, _TILE, own), 0, 0, 0, width - own, cv2.BORDER_CONSTANT, value=(255, 255, 255)
    )


def _tile_width(image: np.ndarray) -> int:
    return round(_TILE * image.shape[1] / image.shape[0])


def _usage(indices: Sequence[int], num_frames: int, width: int) -> np.ndarray:
    counts = np.minimum(np.bincount(indices, minlength=num_frames), len(_TIMES_USED) - 1)
    colours = np.array(_TIMES_USED, np.uint8)[counts]  # (frames, 3)
    columns = colours[np.arange(width) * num_frames // width]
    return np.repeat(columns[None], 8, axis=0)
