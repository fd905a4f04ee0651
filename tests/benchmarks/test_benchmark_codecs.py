import json

import numpy as np
import pytest

from benchmarks.frame_kinds import KINDS, files_of, write_clips

pytest.importorskip('zstandard')


@pytest.mark.parametrize('kind', KINDS)
def test_kinds_of_frames(tmp_path, kind):
    import cv2

    clips = files_of(write_clips(str(tmp_path), kind, num_clips=2, num_frames=3))
    assert [len(clip) for clip in clips] == [3, 3]
    first, second = cv2.imread(clips[0][0]), cv2.imread(clips[0][1])
    assert first.shape == (256, 256, 3)
    assert not np.array_equal(first, second)


@pytest.mark.slow
def test_measures_every_codec(tmp_path, capsys):
    from benchmarks.pack_codecs import measure

    clips = files_of(write_clips(str(tmp_path / 'clips'), 'sensor noise', num_clips=1, num_frames=34))
    records = measure(clips, 'sensor noise', str(tmp_path), rounds=1, others=True)
    rows = [record['row'] for record in records]
    assert 'sensor noise: decoding zstd' in rows
    assert 'sensor noise: training samples: zstd' in rows
    by_row = {record['row']: record for record in records}
    assert by_row['sensor noise: decoding raw']['kb'] > 191  # 256 * 256 * 3 bytes
    assert by_row['sensor noise: decoding zstd']['kb'] < 130
    assert 60 < records[0]['png_kb'] < 110
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{')]
    assert printed == json.loads(json.dumps(records))
