import pytest

from cslrkit.utils.messages import plural


@pytest.mark.parametrize(
    ('count', 'noun', 'text'),
    [
        (2, 'epoch', '2 epochs'),
        (1, 'frame', '1 frame'),
        (0, 'frame', '0 frames'),
        (2, 'gloss', '2 glosses'),
        (3, 'batch', '3 batches'),
        (2, 'entry', '2 entries'),
        (1, 'entry', '1 entry'),
    ],
)
def test_numbers_with_their_nouns(count, noun, text):
    assert plural(count, noun) == text
