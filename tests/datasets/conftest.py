import pytest
from corpus_files import entry, write_annotation, write_frames


@pytest.fixture
def corpus(tmp_path):
    """A corpus of two samples, 3 and 5 frames, in the generic layout."""
    write_annotation(tmp_path, [entry('a'), entry('b', label='WIND')])
    write_frames(tmp_path / 'a', 3)
    write_frames(tmp_path / 'b', 5)
    return tmp_path
