import copy

import pytest
import torch

from cslrkit.errors import ConfigError, DataError
from cslrkit.models.necks.lift_pool import TemporalLiftPool
from cslrkit.registry import MODELS
from cslrkit.structures import SignDataSample
from cslrkit.structures.temporal_spec import TemporalSpec


def recognizer(**changed):
    config = dict(
        type='CSLRRecognizer',
        backbone=dict(type='ResNet', depth=18),
        neck=dict(type='TemporalConv', hidden_size=8, kernel_spec=['K5', 'L2', 'K5', 'L2']),
        head=dict(type='BiLSTMHead', dropout=0.0),
        losses=[
            dict(type='PenaltyLoss', source='lift_u/main', weight=2.0, name='u'),
            dict(type='PenaltyLoss', source='lift_p/main', weight=0.5, name='p'),
        ],
        decoder=dict(type='GreedyDecoder'),
        vocab=['A', 'B'],
    )
    torch.manual_seed(0)
    return MODELS.build({**config, **changed})


def test_a_lifting_has_the_geometry_of_a_pooling():
    lifting, pooling = TemporalSpec(('K5', 'L2', 'K5', 'L2')), TemporalSpec(('K5', 'P2', 'K5', 'P2'))
    for name in ('total_stride', 'left_pad'):
        assert getattr(lifting, name) == getattr(pooling, name)
    assert [lifting.feat_len(frames) for frames in range(16, 60)] == [pooling.feat_len(n) for n in range(16, 60)]
    with pytest.raises(ConfigError, match="got the layer 'L3'"):
        TemporalSpec(('K5', 'L3'))


def test_lifting_by_hand():
    # Zero predictor and updater: d = o, s = e. A weighting whose normalized value is 0 multiplies by 1 + 0.5 - 0.5.
    pool = TemporalLiftPool(1).eval()
    for parameter in pool.parameters():
        torch.nn.init.zeros_(parameter)
    x = torch.tensor([[[3.0, 4.0, 0.0, 12.0, 7.0]]])
    smooth, update, detail = pool.lift(x)
    assert (smooth.tolist(), update.tolist(), detail.tolist()) == ([[[3.0, 0.0]]], [[[-1.0, -12.0]]], [[[4.0, 12.0]]])
    assert pool(x).tolist() == [[[7.0, 12.0]]]
    assert pool.penalties == ()
    pool.train()(x)
    assert [value.item() for value in pool.penalties] == pytest.approx([145**0.5, 160**0.5])
    with pytest.raises(DataError, match='at least 4 in training'):
        pool(x[..., :3])


@pytest.mark.parametrize('frames', [2, 3])
def test_short_clips_are_recognized(frames):
    torch.manual_seed(0)
    pool = TemporalLiftPool(2).eval()
    for weighting in (pool.weight1, pool.weight2):
        torch.nn.init.normal_(weighting.conv.weight)
        torch.nn.init.normal_(weighting.insnorm.bias)
    x = torch.randn(1, 2, frames)
    smooth, _, detail = pool.lift(x)
    # The mean over one step is the step: what is normalized is 0, and the shift alone is left.
    first, second = (weighting.insnorm.bias.sigmoid()[:, None] + 0.5 for weighting in (pool.weight1, pool.weight2))
    assert torch.allclose(pool(x), smooth * first + detail * second)
    model = recognizer().eval()
    assert model.log_probs(torch.randn(1, 16, 3, 32, 32), torch.tensor([16]))[1].tolist() == [1]


def test_penalties_are_losses_and_are_forgotten():
    model = recognizer().train()
    samples = [SignDataSample.create('a', [1]), SignDataSample.create('b', [2])]
    batch = (torch.randn(2, 32, 3, 32, 32), torch.tensor([32, 28]), samples)
    losses = model.loss(*batch)
    assert losses['u'] > 0
    assert losses['p'] > 0
    sum(losses.values()).backward()
    assert all(parameter.grad is not None for parameter in model.neck.stacks.main[1].predictor.parameters())
    copy.deepcopy(model)  # nothing of the graph is left
    with pytest.raises(ConfigError, match='source'):
        recognizer(neck=dict(type='TemporalConv', hidden_size=8))


def test_masked_frames_leave_padding_out_of_batch_norms():
    model = recognizer(masked_frames=True).train()
    clips, lens = torch.randn(2, 32, 3, 32, 32), torch.tensor([32, 28])
    noisy = clips.clone()
    noisy[1, 28:] = 9.0
    for first, second in zip(model(clips, lens)[0].values(), model(noisy, lens)[0].values()):
        assert torch.equal(first, second)
    features = model.frame_features(clips, lens)['main']
    assert not features[1, :, 28:].any()
    both = torch.cat([clips[0], clips[1, :28]])[None].transpose(1, 2)
    assert torch.equal(torch.cat([features[0], features[1, :, :28]], 1), model.backbone(both)['main'][0])
    with pytest.raises(ConfigError, match='whose frames depend on their neighbours'):
        recognizer(masked_frames=True, backbone=dict(type='CorrNet', width=16))
