"""Recordings of one's own, and preparing them."""

import cv2
import numpy as np

from cslrkit.corpora.prepare import prepare_corpus


def prepare_custom(table, *, root=None, **options):
    return prepare_corpus(table.parent if root is None else root, dict(type='custom', table=table), **options)


def film(path, count, *, size=(64, 48), rate=30.0):
    """Write a video whose frames are red on the left and blue on the right, brighter with time."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), rate, size)
    assert writer.isOpened()
    for index in range(count):
        image = np.zeros((size[1], size[0], 3), np.uint8)
        image[:, : size[0] // 2, 2] = 150 + 10 * (index % 8)  # OpenCV writes blue first
        image[:, size[0] // 2 :, 0] = 150 + 10 * (index % 8)
        writer.write(image)
    writer.release()
