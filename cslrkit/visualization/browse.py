"""Contact sheets of clips as they are on disk and as the network is given them."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple, Union

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.runner import set_random_seed

from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import DATASETS
from cslrkit.structures import SignDataSample
from cslrkit.utils.checks import one_of, positive
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

    def frames_on_disk(self, place: int) -> Any:
        """Frames of a sample as they are on disk: a :class:`~cslrkit.video.Clip`."""
        return self._on_disk[place]['frames']

    def sheet(self, place: int, runs: Sequence[PipelineRun]) -> np.ndarray:
        """Draw the frames of a sample on disk, and below them what each run gave, with numbers of frames.

        A bar over the clip shows which frames on disk a run uses: never (grey), once (blue), more often (dark).

        Returns:
            RGB picture, uint8.
        """
        info, frames = self.dataset.get_data_info(place), self.frames_on_disk(place)
        height, width = frames.frame_size(0)
        tile_width = max(round(_TILE * width / height), *(_tile_width(run.images[0]) for run in runs), 60)
        glosses = ' '.join(info['glosses'])
        heading = f'{info["sample_id"]}   ({self.split}{", " + info["signer"] if info["signer"] else ""})'
        canvas = Canvas((tile_width + 4) * _COLUMNS + 4, texts=[heading, glosses])
        canvas.text(heading, size=17)
        canvas.text(f'{len(info["glosses"])} glosses: {glosses}', size=15)
        canvas.text(f'on disk: {len(frames)} frames of {width}x{height}')
        chosen = _spread(len(frames))
        canvas.row(
            [_tile(image, tile_width) for image in frames.decode(chosen)], [f'frame {index}' for index in chosen]
        )
        for run in runs:
            steps, size = len(run.images), run.images.shape
            canvas.text(f'seed {run.seed}: {steps} frames of {size[2]}x{size[1]}, read from the frames on disk')
            canvas.row([_usage(run.sample.frame_indices, len(frames), canvas.width - 8)])
            chosen = _spread(steps)
            labels = [f'{step}: frame {run.sample.frame_indices[step]}' for step in chosen]
            canvas.row([_tile(run.images[step], tile_width) for step in chosen], labels)
        return canvas.picture()

    def write_video(self, place: int, run: PipelineRun, path: Union[str, Path]) -> None:
        """Write what a run gave as a video, each frame beside the one on disk that it was made from."""
        writer = VideoWriter(path, clip_rate(run.sample))
        try:
            for pair in self._pairs(place, run):
                height = max(2 * _TILE, *map(len, pair)) // 2 * 2
                sides = [scaled(each, height, -(-each.shape[1] * height // len(each) // 2) * 2) for each in pair]
                writer.write(np.concatenate(sides, 1))
        finally:
            writer.close()

    def _pairs(self, place: int, run: PipelineRun) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
        distinct = sorted(set(run.sample.frame_indices))
        decoded: Dict[int, np.ndarray] = {}
        arriving = zip(distinct, self.frames_on_disk(place).decode(distinct))
        for index, image in zip(run.sample.frame_indices, run.images):
            while index not in decoded:  # frames come in ascending order, those of a clip mostly, too
                decoded.update([next(arriving)])
            yield decoded[index], image


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
