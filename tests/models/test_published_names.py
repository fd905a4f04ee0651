import json
from pathlib import Path

import pytest
import torch

from cslrkit.errors import CheckpointError
from cslrkit.models.weights.names import published_names
from cslrkit.registry import MODELS

GOLDEN = Path(__file__).parents[1] / 'data' / 'model_public.json'


def build(neck='MultiStreamTemporalConv', **head):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='CSLRRecognizer',
            backbone=dict(type='SlowFast', depth=18, layout='64x2', width=8),
            neck=dict(type=neck, hidden_size=8),
            head=dict(type='BiLSTMHead', **head),
            losses=[],
            decoder=dict(type='GreedyDecoder'),
            vocab=['A', 'B'],
        )
    )


@pytest.mark.parametrize('neck', ['MultiStreamTemporalConv', 'TemporalConv'])
@pytest.mark.parametrize('sharing', ['none', 'stream', 'all'])
@pytest.mark.parametrize('classifier', ['norm_linear', 'linear'])
def test_every_classifier_has_a_published_name_of_its_own(neck, sharing, classifier):
    state = build(neck, share_classifier=sharing, classifier=classifier).state_dict()
    published = [name for name, _ in published_names(state)]
    # Published models have every classifier under a name of its own, shared or not.
    streams = 3 if neck == 'MultiStreamTemporalConv' else 1
    weights = [name for name in published if name.startswith(('classifier', 'conv1d.fc')) and name.endswith('weight')]
    assert len(weights) == 2 * streams


def test_names_and_order_are_those_of_the_published_models():
    def outside_backbone(names):
        return [name for name in names if not name.startswith('conv2d.')]

    cases = json.loads(GOLDEN.read_text())
    for case, neck in ((cases[0], 'MultiStreamTemporalConv'), (cases[3], 'TemporalConv')):
        recorded = [name for name, _ in case['state_dict']]
        ours = [published for published, _ in published_names(build(neck).state_dict())]
        assert outside_backbone(ours) == outside_backbone(recorded)


def test_a_name_without_a_counterpart_is_refused():
    with pytest.raises(CheckpointError, match=r"'head\.extra\.weight' has no counterpart"):
        published_names([*build().state_dict(), 'head.extra.weight'])
