import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.data import CROP, PACK, SPEC, TEST, TRAIN, Corpus, DecodeOnly
from benchmarks.plain_feeder import PlainFeeder, plain_collate
from cslrkit.models.data_preprocessor import SignDataPreprocessor

ROOT = Path(__file__).parents[2]


def seed():
    random.seed(1)
    np.random.seed(1)


def test_both_sides_of_the_row_of_batches_give_the_same_batch(tmp_path):
    corpus = Corpus(tmp_path, kind='drawn', num_clips=2, num_frames=6)
    seed()
    feeder = PlainFeeder(corpus.files, size=CROP)
    video, lengths, labels, label_lengths = plain_collate(SPEC)([feeder[index] for index in range(2)])
    seed()
    packed = list(corpus.dataset([*TRAIN, PACK]))
    batch = SignDataPreprocessor(temporal_spec=SPEC)({key: [one[key] for one in packed] for key in packed[0]})
    assert torch.equal(video, batch['inputs'])
    assert torch.equal(lengths, batch['frame_lens'])
    assert (len(labels), label_lengths.tolist()) == (6, [3, 3])


def test_the_limit_decodes_each_kept_frame_once(tmp_path):
    corpus = Corpus(tmp_path, kind='drawn', num_clips=1, num_frames=40)
    assert DecodeOnly(corpus.dataset(TEST))[0] == 40
    seed()
    kept = corpus.dataset(TRAIN)[0]['frame_indices']
    seed()
    assert DecodeOnly(corpus.dataset(TRAIN))[0] == len(set(kept.tolist()))


def test_videos_show_what_the_images_show(tmp_path):
    corpus = Corpus(tmp_path, kind='drawn', num_clips=2, num_frames=6)
    corpus.write_videos(tmp_path / 'videos')
    pipeline = [*TEST, PACK]
    images = corpus.dataset(pipeline)
    videos = corpus.dataset(pipeline, dict(type='VideoFiles', path='videos'))
    for ours, theirs in zip(videos, images):
        assert ours['inputs'].shape == theirs['inputs'].shape
        assert (ours['inputs'].float() - theirs['inputs'].float()).abs().mean() < 4  # of 255: what compression takes


@pytest.mark.slow
def test_the_tool_prints_a_line_and_json_for_each_row():
    command = [sys.executable, '-m', 'benchmarks', 'data', '--short', '--rounds', '1', '--clips', '2', '--frames', '3']
    result = subprocess.run([*command, '--kind', 'drawn'], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines() if line.startswith('{')]
    assert [row['required'] for row in rows if row['required']] in ([1.15, 0.95, 2.5], [1.15, 0.95, 3.0, 2.5])
    videos = [row for row in rows if 'from videos' in row['row']]
    assert len(videos) == 2
    assert all(0 < row['source_kb'] < row['frame_kb'] for row in videos)
    assert all(row['benchmark'] == 'data' and row['ratio'] > 0 and row['limit_share'] > 0 for row in rows)
    assert {row['env']['threads'] for row in rows if 'samples' in row['row']} == {1}
