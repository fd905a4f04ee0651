"""The networks of the zoo side by side: every row of the zoo's table has its network, and what is counted is right."""

import json
import re
from pathlib import Path

import pytest
import torch

from benchmarks import zoo
from benchmarks.__main__ import main
from benchmarks.zoo import CONFIGS, count, make_batch, make_network

REPO = Path(__file__).parents[2]


def test_every_network_of_the_zoo_is_measured():
    page = (REPO / 'docs' / 'model_zoo.md').read_text(encoding='utf-8')
    configs = set(re.findall(r'^\|[^|]*\| PHOENIX 2014 \| `configs/([^`]*)`', page, re.MULTILINE))
    assert configs - set(CONFIGS.values()) == {'smkd/resnet18_phoenix2014.py'}  # VAC's network
    assert set(CONFIGS.values()) <= configs


def test_operations_are_counted_by_hand():
    # ResNet-18 at 224x224: 1.814 G multiply-adds a frame without its classifier. K5 P2 K5 P2 of 112 frames: 108 steps
    # of 512 to 1024 and 50 of 1024 to 1024; two classifiers after 25 steps. The LSTM is not counted.
    frames, width = 112 - 12, 1024
    neck = (108 * 5 * 512 * width + 50 * 5 * width * width + 2 * 25 * width * 1296) * 2
    counted = count(make_network('vac'), make_batch('vac', frames))
    assert counted == pytest.approx(112 * 2 * 1.814e9 + neck, rel=0.005)


def test_the_peak_is_what_a_clip_takes(monkeypatch):
    monkeypatch.setattr(zoo, 'forward', lambda model, batch: torch.ones(1 << 24))
    assert zoo.peak_bytes('mska', 4) == pytest.approx(1 << 26, rel=0.1)


def test_the_rows(capsys, monkeypatch):
    monkeypatch.setattr(zoo, 'in_processes', lambda function, tasks: [function(*task) for task in tasks])
    main(['zoo', '--networks', 'mska', '--frames', '4', '--rounds', '1'])
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{')]
    assert line['row'] == 'mska, evaluation of 4 frames'
    assert line['ms_a_frame'] == pytest.approx(1000 * line['ours_s'] / 4, abs=0.01)
