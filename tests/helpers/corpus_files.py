"""Write small corpora for the tests of the datasets."""

from pathlib import Path

import cv2
import numpy as np

from cslrkit.utils.npy import save_object

GLOSSES = {'REGEN': [1, 3], 'SONNE': [2, 5], 'WIND': [3, 1]}


def entry(sample_id='a', *, folder=None, label='REGEN SONNE', **changes):
    values = dict(
        fileid=sample_id,
        folder=f'{sample_id}/*.png' if folder is None else folder,
        signer='Signer01',
        label=label,
        num_frames=3,
        original_info=f'{sample_id}|{label}',
    )
    values.update(changes)
    return values


def write_annotation(root, info, *, split='train', gloss_dict=GLOSSES):
    folder = Path(root, 'preprocess')
    folder.mkdir(parents=True, exist_ok=True)
    content = dict(enumerate(info)) if isinstance(info, list) else info
    save_object(folder / f'{split}_info.npy', content)
    if gloss_dict is not None:
        save_object(folder / 'gloss_dict.npy', gloss_dict)


def write_frames(folder, count, *, size=(6, 8), suffix='.png'):
    """Frame t is t in red, 100 + t in green and 200 + t in blue, up to 255."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        image = np.zeros((*size, 3), np.uint8)
        image[:] = (min(200 + index, 255), min(100 + index, 255), index)  # OpenCV writes blue first
        encoded = cv2.imencode('.png', image)[1]
        (folder / f'images{index:04d}{suffix}').write_bytes(encoded.tobytes())
