import json

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.picture_quality import Quality, ssim
from cslrkit.errors import ConfigError
from cslrkit.restoration import Noise

BOXES = [{'left_hand': (2, 2, 10, 10)}] * 3


def clip(value):
    return np.full((3, 16, 16, 3), value, np.uint8)


def test_figures_by_hand():
    clean, degraded, restored = clip(100), clip(100), clip(100)
    degraded[:, 2:10, 2:10] = 120
    restored[:, 2:10, 2:10] = 110
    restored[1, 2:10, 2:10] = 90
    restored[0, 15, 15] = 0
    quality = Quality(Noise(4), 4.0, reach=2)
    quality.add(restored, clean, degraded, BOXES)
    found = quality.means()
    assert found['psnr'] == pytest.approx(20 * np.log10(255 / 10))
    assert found['flicker'] == pytest.approx(20)  # the error goes from 10 to -10 and back
    assert found['consistency'] == pytest.approx(np.sqrt((10**2 + 30**2 + 10**2) / 3) / 4)
    assert found['changed_outside'] == 1
    assert 0.8 < found['ssim_outside'] < 1
    quality = Quality(Noise(4), 4.0, reach=2)
    quality.add(clean, clean, degraded, BOXES)
    found = quality.means()
    assert (found['psnr'], found['flicker'], found['ssim']) == (99, 0, pytest.approx(1, abs=1e-5))


def test_similar_structure():
    rng = np.random.default_rng(0)
    one = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert ssim(one, one) == pytest.approx(np.ones((32, 32)), abs=1e-5)
    assert abs(ssim(one, rng.integers(0, 256, one.shape, dtype=np.uint8)).mean()) < 0.1
    # Flat images: variances are 0, so it is the term of the means alone.
    c1 = (0.01 * 255) ** 2
    expected = (2 * 50 * 100 + c1) / (50**2 + 100**2 + c1)
    assert ssim(np.full((9, 9, 3), 50), np.full((9, 9, 3), 100)) == pytest.approx(np.full((9, 9), expected), abs=1e-3)


@pytest.mark.slow
def test_a_short_run(tiny_corpus, tmp_path, capsys):
    options = ['--data-root', str(tiny_corpus), '--splits', 'dev', '--length', '9', '--out', str(tmp_path)]
    with pytest.raises(FileNotFoundError, match=r"'.*none' does not exist. tools/restore_frames.py makes it"):
        main(['restoration', '--restored', 'none', *options])
    with pytest.raises(ConfigError, match='Give --checkpoint, too'):
        main(['restoration', '--degraded-checkpoint', 'x', *options])
    # A corpus that is there is not made again.
    (tmp_path / 'unsharp').symlink_to(tiny_corpus)
    (tmp_path / 'restored').symlink_to(tiny_corpus)
    (tmp_path / 'seconds').mkdir()
    (tmp_path / 'seconds/unsharp.json').write_text('7.0')
    main(['restoration', '--restored', 'restored', *options])
    lines = capsys.readouterr().out.splitlines()
    rows = {row['row']: row for row in map(json.loads, [line for line in lines if line.startswith('{')])}
    assert list(rows) == ['degraded', 'unsharp', 'wiener', 'restored']
    assert rows['wiener']['psnr'] > rows['degraded']['psnr'] + 3
    assert rows['wiener']['consistency'] < rows['degraded']['consistency']
    assert rows['wiener']['changed_outside'] == 0
    assert (rows['unsharp']['psnr'], rows['unsharp']['seconds']) == (99, 7)
    assert (rows['restored']['psnr'], rows['restored']['seconds']) == (99, None)
    with pytest.raises(ConfigError, match=r'"length": 9.*, not .*: 11'):
        main(['restoration', *options[:5], '11', *options[6:]])
