"""Write small corpora in the layouts in which the real ones are distributed."""

from pathlib import Path

import cv2
import numpy as np

HEADER_2014 = 'id|folder|signer|annotation\n'
HEADER_T = 'name|video|start|end|speaker|orth|translation\n'
HEADER_DAILY = 'index|name|length|gloss|char|word|postag\n'
FRAMES = 'features/fullFrame-210x260px'
UNLISTED = 'S000007_P0003_T00'


def write(path, text):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode('utf-8'))


def touch_frames(folder, count, suffix='.png'):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Path(folder, f'f{index:04d}{suffix}').touch()


def picture(index, *, size=(26, 21)):
    """A smooth picture in BGR, another one for each index; size is height and width."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.stack([rows * 5, columns * 7, rows + columns + 10 * index], axis=-1).astype(np.uint8)


def draw_frames(folder, count, suffix='.png', size=(26, 21)):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        assert cv2.imwrite(str(Path(folder, f'f{index:04d}{suffix}')), picture(index, size=size))


def make_phoenix2014(root, add_frames=touch_frames):
    for split, label in (('train', 'REGEN  WOLKE '), ('dev', 'WOLKE'), ('test', 'ABEND WOLKE')):
        row = f'{split}-0|{split}-0/1/*.png|Signer01|{label}\n'
        write(root / f'annotations/manual/{split}.corpus.csv', HEADER_2014 + row)
        add_frames(root / FRAMES / split / f'{split}-0/1', 3)
    return root


def make_phoenix2014_t(root, add_frames=touch_frames):
    for split in ('train', 'dev', 'test'):
        row = f'{split}-0|{split}-0/1/*.png|-1|-1|Signer08|DRUCK TIEF|tiefer luftdruck\n'
        write(root / f'annotations/manual/PHOENIX-2014-T.{split}.corpus.csv', HEADER_T + row)
        add_frames(root / FRAMES / split / f'{split}-0', 4)
    return root


def make_csl_daily(root, add_frames=touch_frames):
    names = ('S000000_P0000_T00', 'S000001_P0000_T00', 'S000002_P0000_T00', UNLISTED)
    rows = [f'{index}|{name}|{index + 2}|他 今天|他 今 天 。|他 今天 。|r t w' for index, name in enumerate(names)]
    write(root / 'sentence_label/video_map.txt', HEADER_DAILY + '\n'.join(rows))
    splits = [f'{name}|{split}' for name, split in zip(names, ('test', 'train', 'dev'))]
    write(root / 'sentence_label/split_1.txt', 'name|split\n' + '\n'.join(splits))
    for index, name in enumerate(names):
        add_frames(root / 'sentence/frames_512x512' / name, index + 2, '.jpg')
    return root


def make_csl(root, add_frames=touch_frames):
    write(root / 'train.txt', '/disk/CSL/video0|他 同学\n/disk/CSL/video2|同学')
    write(root / 'dev.txt', 'video1|他\n')
    for number in range(3):
        add_frames(root / f'video{number}', 2, '.jpg')
    return root


MAKERS = {
    'phoenix2014': make_phoenix2014,
    'phoenix2014-T': make_phoenix2014_t,
    'csl': make_csl,
    'csl-daily': make_csl_daily,
}
