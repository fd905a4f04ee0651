"""A class that breaks a clause of a contract is told of it, in words that help."""

import pytest
import torch
from broken_contracts import breach
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.structures import StreamSpec
from cslrkit.testing import check_backbone


class Backbone(nn.Module):
    """Keeps its contract; the classes below do not."""

    def __init__(self, width=4):
        super().__init__()
        self.conv = nn.Conv3d(3, width, (3, 4, 4), stride=(1, 4, 4), padding=(1, 0, 0))
        self.norm = nn.BatchNorm3d(width)
        self.stream_specs = {'main': StreamSpec(width)}

    def features(self, x):
        return self.norm(self.conv(x)).relu().mean((3, 4))

    def forward(self, x):
        return {'main': self.features(x)}


class NoSpecs(Backbone):
    def __init__(self):
        super().__init__()
        self.stream_specs = {'main': 4}


class TwoSpecs(Backbone):
    def __init__(self):
        super().__init__()
        self.out_channels = {'main': 5}


class OtherStream(Backbone):
    def forward(self, x):
        return {'slow': self.features(x)}


class HalfTheFrames(Backbone):
    def forward(self, x):
        return {'main': self.features(x)[:, :, ::2]}


class OneSize(Backbone):
    def forward(self, x):
        return {'main': self.features(x.view(x.shape[0], 3, x.shape[2], 32, 32))}


class Infinite(Backbone):
    def forward(self, x):
        return {'main': self.features(x) / 0.0}


class MixesClips(Backbone):
    def forward(self, x):
        features = self.features(x)
        return {'main': features - features.mean(0)}


class RandomInEvaluation(Backbone):
    def forward(self, x):
        return {'main': nn.functional.dropout(self.features(x), 0.5, training=True)}


class LearnsInEvaluation(Backbone):
    def __init__(self):
        super().__init__()
        self.register_buffer('calls', torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return {'main': self.features(x)}


class InPlace(Backbone):
    def forward(self, x):
        return {'main': self.features(x.mul_(0.5))}


class Detached(Backbone):
    def forward(self, x):
        return {'main': self.features(x.detach())}


class Unused(Backbone):
    def __init__(self):
        super().__init__()
        self.spare = nn.Linear(2, 2)


class InfiniteGradient(Backbone):
    def forward(self, x):
        return {'main': (self.features(x) * 0.0).sqrt()}


class Unregistered(Backbone):
    def __init__(self):
        super().__init__()
        self.scales = [torch.rand(1)]

    def forward(self, x):
        return {'main': self.features(x) * self.scales[0]}


class OneType(Backbone):
    def forward(self, x):
        return {'main': self.features(x).float()}


class OneDevice(Backbone):
    def forward(self, x):
        return {'main': self.features(x) + torch.ones(1, 4, 1, dtype=x.dtype)}


class ChangesItsConfig(Backbone):
    def __init__(self, stages=None):
        super().__init__()
        stages['done'] = True


class Raises(Backbone):
    def __init__(self):
        raise RuntimeError('no luck')


BACKBONES = [
    (NoSpecs, 'stream_specs', r"NoSpecs.stream_specs: got \{'main': 4\}, expected a dict such as"),
    (TwoSpecs, 'stream_specs', r"TwoSpecs: got out_channels=\{'main': 5\}, but stream_specs="),
    (OtherStream, 'streams', r"got the streams \['slow'\], expected a dict of stream_specs, \['main'\]"),
    (HalfTheFrames, 'shapes', r"'main': got \(2, 4, 4\) of torch.float32, expected \(N, C, T\) = \(2, 4, 8\)"),
    (OneSize, 'shapes', r'clips \(2, 3, 8, 40, 48\): got RuntimeError: .*test_contracts_broken.py:\d+'),
    (Infinite, 'finite', 'got NaN or infinity'),
    (MixesClips, 'padding invariance', 'clip 0 alone and in a batch of 2.*Mix nothing over the batch'),
    (RandomInEvaluation, 'determinism', 'only where self.training is true'),
    (LearnsInEvaluation, 'evaluation', r"state_dict\(\) after a call in evaluation mode: got \['calls'\] that differ"),
    (InPlace, 'input', 'the input after a call in training mode.*in-place'),
    (Detached, 'gradient', r"the input, from output \['main'\]: got no gradient"),
    (Unused, 'gradient', 'got no gradient in spare.weight, spare.bias'),
    (InfiniteGradient, 'gradient', 'got NaN or infinity in the gradient of conv.weight'),
    (Unregistered, 'state dict', 'loaded the state of the first.*register_buffer'),
    (OneType, 'dtype', 'got torch.float32, expected torch.float64'),
    (OneDevice, 'device', 'on another device: got'),
    (Raises, 'config', r'Raises\(...\): got RuntimeError: no luck \(test_contracts_broken.py:\d+\)'),
]


def test_the_base_of_the_broken_ones_is_sound():
    check_backbone(Backbone, dict(width=5))


@pytest.mark.parametrize(('cls', 'clause', 'message'), BACKBONES)
def test_backbone(cls, clause, message):
    findings = breach(check_backbone, cls)
    assert clause in findings
    with pytest.raises(AssertionError, match=message):
        check_backbone(cls)


def test_config():
    assert 'unchanged' in breach(check_backbone, ChangesItsConfig, dict(stages={}))['config']
    assert "no argument 'wdth'. Did you mean 'width'" in breach(check_backbone, Backbone, dict(wdth=3))['config']
    with pytest.raises(ConfigError, match="'ResNett' is not registered in the backbone registry"):
        check_backbone('ResNett')


def test_all_findings_at_once():
    class Many(Unused):
        def forward(self, x):
            return {'main': nn.functional.dropout(self.features(x.mul_(2)), 0.5, training=True).float()}

    findings = breach(check_backbone, Many)
    assert {'determinism', 'input', 'gradient', 'dtype'} <= set(findings)


def test_allowed_clauses():
    check_backbone(Unused, allow=('gradient',))
    assert 'Take the clause out of allow' in breach(check_backbone, Backbone, allow=('gradient',))['gradient']
    with pytest.raises(ConfigError, match=r"allow: got 'gradeint', expected one of .* Did you mean 'gradient'"):
        check_backbone(Backbone, allow=('gradeint',))
