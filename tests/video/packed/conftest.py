import pytest

pytest.importorskip('zstandard')
from small_datasets import make_dataset, write_noisy_corpus


@pytest.fixture(autouse=True)
def _no_collection(monkeypatch):
    """mmengine collects garbage for every dataset, a tenth of a second each with torch in memory."""
    monkeypatch.setattr('mmengine.dataset.base_dataset.gc.collect', lambda: 0)


@pytest.fixture
def noisy(tmp_path):
    """A corpus of three samples, 11, 9 and 10 frames."""
    write_noisy_corpus(tmp_path, [11, 9, 10])
    return tmp_path


@pytest.fixture
def packed(noisy):
    """The same corpus and its pack of two shards where the source of frames looks for it."""
    from cslrkit.video.packed import pack_frames

    pack_frames(make_dataset(noisy), str(noisy / 'packed/frames'), shard_frames=20, workers=1)
    return noisy
