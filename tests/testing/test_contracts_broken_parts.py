"""A neck, head or loss that breaks a clause of its contract is told of it."""

import pytest
from broken_contracts import breach
from torch import nn

from cslrkit.models.losses import CTCLoss
from cslrkit.models.necks import TemporalConv
from cslrkit.testing import ContractError, check_head, check_loss, check_neck


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
