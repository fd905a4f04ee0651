"""Contact sheets of samples as they are on disk and as the network is given them."""

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
from cslrkit.video.captions import VideoWriter
from cslrkit.visualization.cam_pictures import clip_images, clip_rate
from cslrkit.visualization.canvas import Canvas
from cslrkit.visualization.samples import find_samples

LOADERS = {'train': 'train_dataloader', 'dev': 'val_dataloader', 'test': 'test_dataloader'}

_COLUMNS = 10
_TILE = 112  # pixels, height of a frame
_TIMES_USED = ((225, 225, 225), (70, 130, 200), (20, 50, 110))  # colours: never, once, more often


@dataclass(frozen=True)
class Draw:
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
        self._sources = DATASETS.build({**copy.deepcopy(loader.dataset), 'pipeline': []})

    def find(self, sample_ids: Sequence[str], num: int) -> List[int]:
        """Return positions of samples, the first ``num`` if none is named."""
        return find_samples(self.dataset, sample_ids, num)

    def draw(self, place: int, seed: int) -> Draw:
        """Run the pipeline on a sample, all generators being seeded.

        Raises:
            DataError: If the pipeline does not end by ``PackSignInputs``.
        """
        set_random_seed(seed)
        packed = self.dataset[place]
        if not isinstance(packed, dict) or not isinstance(packed.get('data_samples'), SignDataSample):
            raise DataError(f'{self.split}: the pipeline gives a {type(packed).__name__}; end it with PackSignInputs.')
        return Draw(seed, clip_images(packed), packed['data_samples'])

    def source(self, place: int) -> Any:
        """Frames of a sample as they are on disk: a ``ClipFrames``."""
        return self._sources[place]['frames']

    def sheet(self, place: int, draws: Sequence[Draw]) -> np.ndarray:
        """Draw the source frames of a sample, and below them each draw, with numbers of frames.

        A bar over the clip shows which source frames a draw uses: never (grey), once (blue), more often (dark).

        Returns:
            RGB picture, uint8.
        """
        info, frames = self.dataset.get_data_info(place), self.source(place)
        height, width = frames.frame_size(0)
        tile_width = max(round(_TILE * width / height), *(_tile_width(draw.images) for draw in draws), 60)
        glosses = ' '.join(info['glosses'])
        heading = f'{info["sample_id"]}   ({self.split}{", " + info["signer"] if info["signer"] else ""})'
        canvas = Canvas((tile_width + 4) * _COLUMNS + 4, texts=[heading, glosses])
        canvas.text(heading, size=17)
        canvas.text(f'{len(info["glosses"])} glosses: {glosses}', size=15)
        canvas.text(f'on disk: {len(frames)} frames of {width}x{height}')
        chosen = _spread(len(frames))
        tiles = [_tile(image, tile_width) for image in frames.decode(chosen)]
        canvas.row(tiles, [f'frame {index}' for index in chosen])
        for draw in draws:
            steps, size = len(draw.images), draw.images.shape
            canvas.text(f'seed {draw.seed}: {steps} frames of {size[2]}x{size[1]}, read from the source frames')
            canvas.row([_usage(draw.sample.frame_indices, len(frames), canvas.width - 8)])
            chosen = _spread(steps)
            labels = [f'{step}: frame {draw.sample.frame_indices[step]}' for step in chosen]
            canvas.row([_tile(draw.images[step], tile_width) for step in chosen], labels)
        return canvas.picture()

    def write_video(self, place: int, draw: Draw, path: Union[str, Path]) -> None:
        """Write a draw as a video, each frame beside the source frame that it was made from."""
        writer = VideoWriter(path, clip_rate(draw.sample))
        try:
            for source, image in self._pairs(place, draw):
                height = max(2 * _TILE, len(source), len(image)) // 2 * 2
                sides = [
                    _scaled(each, height, -(-each.shape[1] * height // len(each) // 2) * 2) for each in (source, image)
                ]
                writer.write(np.concatenate(sides, 1))
        finally:
            writer.close()

    def _pairs(self, place: int, draw: Draw) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
        distinct = sorted(set(draw.sample.frame_indices))
        decoded: Dict[int, np.ndarray] = {}
        arriving = zip(distinct, self.source(place).decode(distinct))
        for index, image in zip(draw.sample.frame_indices, draw.images):
            while index not in decoded:  # frames come in ascending order, those of a clip mostly, too
                key, frame = next(arriving)
                decoded[key] = frame
            yield decoded[index], image


def draw_samples(browser: SampleBrowser, place: int, *, draws: int, seed: int) -> List[Draw]:
    """Run the pipeline ``draws`` times on a sample, with the seeds from ``seed`` on."""
    return [browser.draw(place, seed + number) for number in range(positive('draws', draws))]


def _spread(count: int) -> List[int]:
    return sorted({int(place) for place in np.linspace(0, count - 1, min(_COLUMNS, count)).round()})


def _tile_width(images: np.ndarray) -> int:
    return round(_TILE * images.shape[2] / images.shape[1])


def _tile(image: np.ndarray, width: int) -> np.ndarray:
    """An image at the height of a row, on white where it is narrower than ``width``."""
    own = min(width, round(_TILE * image.shape[1] / image.shape[0]))
    tile = np.full((_TILE, width, 3), 255, np.uint8)
    tile[:, :own] = _scaled(image, _TILE, own)
    return tile


def _scaled(image: np.ndarray, height: int, width: int) -> np.ndarray:
    shrinks = height < image.shape[0]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _usage(indices: Sequence[int], num_frames: int, width: int) -> np.ndarray:
    counts = np.minimum(np.bincount(indices, minlength=num_frames), len(_TIMES_USED) - 1)
    colours = np.array(_TIMES_USED, np.uint8)[counts]  # (frames, 3)
    columns = colours[np.arange(width) * num_frames // width]
    return np.repeat(columns[None], 8, axis=0)
