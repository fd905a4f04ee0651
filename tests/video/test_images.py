"""Images that are cut off, and how often a file is read."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from corpus_files import entry, write_annotation
from small_datasets import make_dataset

from cslrkit.errors import DataError
from cslrkit.video import images
from cslrkit.video.images import IMAGE_SUFFIXES, ImageClip, decode_image, read_image

STEPS = [dict(type='LoadFrames'), dict(type='RandomCrop', size=32), dict(type='PackSignInputs')]


@pytest.fixture
def make_corpus(tmp_path):
    """Returns a function that writes a sample of four noisy frames of a suffix, and gives their paths."""

    def make(suffix):
        noise = np.random.default_rng(0).integers(0, 256, (4, 48, 40, 3), dtype=np.uint8)
        paths = [tmp_path / f's0/{index}{suffix}' for index in range(4)]
        paths[0].parent.mkdir()
        assert all(cv2.imwrite(str(path), image) for path, image in zip(paths, noise))
        write_annotation(tmp_path, [entry('s0', folder=f's0/*{suffix}')])
        return paths

    return make


@pytest.mark.parametrize('share', [0.3, 0.9])
@pytest.mark.parametrize('suffix', IMAGE_SUFFIXES)
def test_a_cut_off_image_is_an_error_in_training(tmp_path, make_corpus, suffix, share):
    paths = make_corpus(suffix)
    dataset = make_dataset(tmp_path, pipeline=STEPS)
    assert dataset[0]['inputs'].shape == (4, 3, 32, 32)
    content = paths[2].read_bytes()
    paths[2].write_bytes(content[: int(len(content) * share)])
    assert read_image(paths[2]) is None
    with pytest.raises(DataError, match=rf"custom train: sample 's0': '.*2\{suffix}' cannot be read as an image"):
        dataset[0]


def test_what_follows_a_jpeg_does_not_matter(make_corpus):
    content = make_corpus('.jpg')[0].read_bytes()
    whole = decode_image(content)
    np.testing.assert_array_equal(decode_image(content + b'further data'), whole)


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_each_file_is_read_once(tmp_path, make_corpus, monkeypatch, suffix):
    paths, read, original = make_corpus(suffix), [], images._read_bytes

    def counted(path):
        read.append(path)
        return original(path)

    monkeypatch.setattr(images, '_read_bytes', counted)
    make_dataset(tmp_path, pipeline=STEPS)[0]
    assert sorted(read) == [str(path) for path in paths]


def test_a_small_file_of_many_pixels_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    header = b'IHDR' + struct.pack('>IIBBBBB', 30_000, 30_000, 1, 0, 0, 0, 0)
    path = tmp_path / 'a.png'
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + struct.pack('>I', 13) + header + struct.pack('>I', zlib.crc32(header)))
    monkeypatch.setattr(images.mmcv, 'imfrombytes', None)  # is not called
    for look in (ImageClip([str(path)]).frame_size, lambda: next(ImageClip([str(path)]).frames())):
        with pytest.raises(
            DataError, match=r"a\.png' cannot be read as an image, .*, or has more than 67108864 pixels"
        ):
            look()
