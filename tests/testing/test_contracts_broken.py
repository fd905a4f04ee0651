"""A class that breaks a clause of a contract is told of it, in words that help."""

import pytest
import torch
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.models.losses import CTCLoss
from cslrkit.models.necks import TemporalConv
from cslrkit.structures import StreamSpec
from cslrkit.testing import ContractError, check_backbone, check_head, check_loss, check_neck


def breach(check, cls, cfg=None, **options):
    """The findings of a check that has to fail, by clause."""
    with pytest.raises(ContractError) as caught:
        check(cls, cfg, **options)
    findings = {finding.clause: str(finding) for finding in caught.value.findings}
    assert all(text in str(caught.value) for text in findings.values())
    return findings


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


class Neck(TemporalConv):
    """Keeps its contract; the classes below do not."""

    def __init__(self, in_channels):
        super().__init__(in_channels, 8, kernel_spec=('K5', 'P2'))


class NeckWithoutSpec(Neck):
    def __init__(self, in_channels):
        super().__init__(in_channels)
        self.temporal_spec = ('K5', 'P2')


class NeckOtherStreams(Neck):
    def __init__(self, in_channels):
        super().__init__(in_channels)
        self.streams = ('main', 'extra')


class NeckFloatLengths(Neck):
    def forward(self, feats, frame_lens, *, streams=None):
        outputs, feat_lens = super().forward(feats, frame_lens, streams=streams)
        return outputs, feat_lens.float()


class NeckTimeFirst(Neck):
    def forward(self, feats, frame_lens, *, streams=None):
        outputs, feat_lens = super().forward(feats, frame_lens, streams=streams)
        return {name: value.permute(2, 0, 1) for name, value in outputs.items()}, feat_lens


class NeckSeesPadding(Neck):
    def forward(self, feats, frame_lens, *, streams=None):
        outputs, feat_lens = super().forward(feats, frame_lens, streams=streams)
        return {name: value - value.mean(2, keepdim=True) for name, value in outputs.items()}, feat_lens


class NeckIgnoresStreams(Neck):
    def forward(self, feats, frame_lens, streams=None):
        outputs, feat_lens = super().forward(feats, frame_lens)
        return ({**outputs, 'extra': outputs['main']} if streams else outputs), feat_lens


NECKS = [
    (NeckWithoutSpec, 'attributes', "temporal_spec: got .*'K5', 'P2'.*expected a TemporalSpec"),
    (NeckOtherStreams, 'attributes', r"out_channels: got the streams \['main'\]"),
    (NeckFloatLengths, 'lengths', 'torch.float32.*as temporal_spec.feat_len gives'),
    (NeckTimeFirst, 'shapes', r"'main': got \(\d+, 3, 8\) of torch.float32, expected \(N, D, T'\) = \(3, 8, \d+\)"),
    (NeckSeesPadding, 'padding invariance', 'clip 1 of .* frames alone and in a batch'),
    (NeckIgnoresStreams, 'streams', r"streams=\('main',\)\): got .*extra"),
]


@pytest.mark.parametrize(('cls', 'clause', 'message'), NECKS)
def test_neck(cls, clause, message):
    check_neck(Neck)
    assert clause in breach(check_neck, cls)
    with pytest.raises(ContractError, match=message):
        check_neck(cls)


class Head(nn.Module):
    """Keeps its contract; the classes below do not."""

    primary, auxiliary = 'seq/main', None

    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.layers = nn.ModuleDict({name: nn.Linear(count, num_classes) for name, count in in_channels.items()})
        self.logit_names = tuple(f'seq/{name}' for name in in_channels)

    def forward(self, feats, feat_lens):
        return {f'seq/{name}': self.layers[name](value.transpose(1, 2)) for name, value in feats.items()}


class HeadWithoutPrimary(Head):
    primary = 'conv/main'


class HeadUnnamedLogits(Head):
    def forward(self, feats, feat_lens):
        return {**super().forward(feats, feat_lens), 'conv/main': feats['main']}


class HeadTimeFirst(Head):
    def forward(self, feats, feat_lens):
        return {name: value.transpose(0, 1) for name, value in super().forward(feats, feat_lens).items()}


class HeadSeesPadding(Head):
    def forward(self, feats, feat_lens):
        logits = super().forward(feats, feat_lens)
        return {name: value + value.mean(1, keepdim=True) for name, value in logits.items()}


class HeadNeedsAll(Head):
    def forward(self, feats, feat_lens):
        return super().forward({name: feats[name] for name in self.layers}, feat_lens)


HEADS = [
    (HeadWithoutPrimary, 'attributes', "primary: got 'conv/main', expected a name of main"),
    (HeadUnnamedLogits, 'streams', r"expected a dict of logit_names, \['seq/fast'"),
    (HeadTimeFirst, 'shapes', r"'seq/main': got \(9, 3, 6\) of torch.float32, expected \(N, T', V\) = \(3, 9, 6\)"),
    (HeadSeesPadding, 'padding invariance', 'clip 1 of 6 steps alone and in a batch of 9'),
    (HeadNeedsAll, 'streams', "the main stream alone: got KeyError: 'slow'"),
]


@pytest.mark.parametrize(('cls', 'clause', 'message'), HEADS)
def test_head(cls, clause, message):
    check_head(Head)
    assert clause in breach(check_head, cls)
    with pytest.raises(ContractError, match=message):
        check_head(cls)


class LossWithoutName(CTCLoss):
    def __init__(self, source):
        super().__init__(source)
        self.name = 'loss'


class LossReadsMore(CTCLoss):
    def forward(self, logits, feat_lens, targets):
        return super().forward(logits, feat_lens, targets) + logits['conv/slow'].mean()


class LossPerClip(CTCLoss):
    def forward(self, logits, feat_lens, targets):
        return super().forward(logits, feat_lens, targets).expand(len(targets))


class LossWeighsItself(CTCLoss):
    def forward(self, logits, feat_lens, targets):
        return self.weight * super().forward(logits, feat_lens, targets)


class LossSeesPadding(CTCLoss):
    def forward(self, logits, feat_lens, targets):
        return super().forward(logits, feat_lens, targets) + logits[self.source].float().square().mean()


class LossWithoutGradient(CTCLoss):
    def forward(self, logits, feat_lens, targets):
        return super().forward({name: value.detach() for name, value in logits.items()}, feat_lens, targets)


class LossInHalf(CTCLoss):
    def forward(self, logits, feat_lens, targets):
        return super().forward(logits, feat_lens, targets).to(logits[self.source].dtype)


class LossInPlace(CTCLoss):
    def forward(self, logits, feat_lens, targets):
        targets[0] += 0 * feat_lens.sub_(1)[0]
        return super().forward(logits, feat_lens, targets)


LOSSES = [
    (LossWithoutName, 'attributes', "name: got 'loss', expected a name other than 'loss'"),
    (LossReadsMore, 'sources', "KeyError: 'conv/slow'.*Name every logits that it reads in sources"),
    (LossPerClip, 'scalar', r'got \(3,\) of torch.float32, expected a finite float32 tensor of shape \(\)'),
    (LossWeighsItself, 'weight', 'with weight=3.0: got values that differ by .*Leave the multiplication'),
    (LossSeesPadding, 'padding invariance', 'other logits after the end of each clip'),
    (LossWithoutGradient, 'gradient', 'the input, from output: got no gradient'),
    (LossInHalf, 'dtype', r'logits in bfloat16: got \(\) of torch.bfloat16'),
    (LossInPlace, 'input', 'the input after a call in training mode'),
]


@pytest.mark.parametrize(('cls', 'clause', 'message'), LOSSES)
def test_loss(cls, clause, message):
    assert clause in breach(check_loss, cls, dict(source='seq/main'))
    with pytest.raises(ContractError, match=message):
        check_loss(cls, dict(source='seq/main'))
