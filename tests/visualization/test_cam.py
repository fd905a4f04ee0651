"""Heat maps: values worked out by hand, geometry, streams, and that a model stays as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from cslrkit.errors import ConfigError, DataError
from cslrkit.models.losses import published_losses
from cslrkit.models.recognizers import DecodingMixin
from cslrkit.registry import MODELS
from cslrkit.structures import GlossSpan, SignDataSample
from cslrkit.visualization import compute_cam
from cslrkit.visualization.cam_layers import is_map, map_layers
from cslrkit.visualization.cam_methods import METHODS, eigen_cam, grad_cam, grad_cam_plus_plus, hires_cam


def recognizer(backbone, **neck):
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='CSLRRecognizer',
            vocab=['A', 'B', 'C'],
            backbone=backbone,
            neck=dict(type='TemporalConv', hidden_size=8, **{'kernel_spec': ['K3', 'P2'], **neck}),
            head=dict(type='BiLSTMHead', num_layers=1),
            losses=published_losses(dict(SeqCTC=1.0)),
            decoder=dict(type='GreedyDecoder'),
        )
    )
    return model.train()


SLOWFAST = dict(type='SlowFast', depth=18, layout='8x8', width=8, alpha=4, pool_grid=2)


def packed(frames, size=64, *, indices=None, rate=25.0):
    generator = torch.Generator().manual_seed(frames)
    inputs = torch.randint(0, 256, (frames, 3, size, size), dtype=torch.uint8, generator=generator)
    indices = range(0, 2 * frames, 2) if indices is None else indices
    return dict(inputs=inputs, data_samples=SignDataSample.create('s', [1], frame_indices=indices, frame_rate=rate))


def test_methods_by_hand():
    # One frame, two channels, 1 x 2 places. Gradients have the means 2 and -1.
    activations = torch.tensor([[[[1.0, 2.0]]], [[[3.0, 1.0]]]])
    gradients = torch.tensor([[[[1.0, 3.0]]], [[[-1.0, -1.0]]]])
    # 2 * (1, 2) - (3, 1) = (-1, 3); below zero is nothing.
    assert grad_cam(activations, gradients).tolist() == [[[0.0, 3.0]]]
    # 1 * 1 - 3 = -2; 3 * 2 - 1 = 5.
    assert hires_cam(activations, gradients).tolist() == [[[0.0, 5.0]]]
    # Equation 19 with g = (1, 3) / 3 and a sum of activations of 3: 1/9 / (2/9 + 3/27) = 1/3 and
    # 1 / (2 + 3) = 1/5; times relu(gradient): 1/3 + 3/5 = 14/15. The second channel has no positive one.
    expected = torch.tensor([[[14 / 15, 28 / 15]]])
    torch.testing.assert_close(grad_cam_plus_plus(activations, gradients), expected)
    # All variance of the channels lies along (1, 1): places are (1, 1) -> (3, 3), the mean is (2, 2).
    along = torch.tensor([[[[1.0, 3.0]]], [[[1.0, 3.0]]]])
    torch.testing.assert_close(eigen_cam(along, gradients), torch.tensor([[[0.0, 2**0.5]]]))
    many = torch.randn(5, 2, 1, 1, generator=torch.Generator().manual_seed(0))  # more channels than places
    few = eigen_cam(many, many)
    assert few.shape == (2, 1, 1)
    assert (few > 0).sum() == 1


def test_grad_cam_weighs_each_frame_alone():
    activations = torch.ones(1, 2, 1, 1)
    gradients = torch.tensor([2.0, -2.0]).view(1, 2, 1, 1)
    assert grad_cam(activations, gradients).flatten().tolist() == [2.0, 0.0]


class LinearBackbone(nn.Module):
    """Brightness of the left and of the right half, which a linear head turns into glosses."""

    out_channels = {'main': 2}  # as in 0.1.0

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv3d(3, 2, 1, bias=False)
        self.conv.weight.data = torch.tensor([[1.0, 0, 0], [0, 1.0, 0]]).view(2, 3, 1, 1, 1)

    def forward(self, x):
        return {'main': self.conv(x).mean((3, 4))}


class LinearModel(DecodingMixin, nn.Module):
    """logits = W features, frame by frame; without padding, with raw pixels."""

    def __init__(self):
        super().__init__()
        from types import SimpleNamespace

        from cslrkit.decoders import GreedyDecoder
        from cslrkit.structures import GlossVocab
        from cslrkit.structures.temporal_spec import TemporalSpec

        self.backbone = LinearBackbone()
        self.vocab = GlossVocab.from_list(['A', 'B'])
        self.neck = SimpleNamespace(temporal_spec=TemporalSpec(()))
        self.decode_outputs = ('seq/main',)
        self.decoder = GreedyDecoder()
        # Rows: blank, A sees channel 0, B channel 1.
        self.weight = nn.Parameter(torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))

    def data_preprocessor(self, data):
        clips = torch.stack(list(data['inputs'])).float()
        return dict(inputs=clips, frame_lens=torch.tensor([clips.shape[1]]), data_samples=data['data_samples'])

    def logits(self, inputs, frame_lens, streams):
        features = self.backbone(inputs.transpose(1, 2))['main'].transpose(1, 2)
        return {'seq/main': features @ self.weight.T}, frame_lens


def test_linear_model_by_hand():
    model = LinearModel()
    clip = packed(2, size=2)
    clip['inputs'] = torch.zeros(2, 3, 2, 2, dtype=torch.uint8)
    clip['inputs'][0, 0] = torch.tensor([[4, 0], [0, 0]])  # red: channel 0 has the mean 1
    clip['inputs'][1, 1] = torch.tensor([[0, 0], [8, 0]])  # green: channel 1 has the mean 2
    first, second = compute_cam(model, clip, layer='backbone.conv')
    assert (first.span.gloss, first.clip_span, first.span.frames, first.span.times) == (
        'A',
        (0, 1),
        (0, 1),
        (0.0, 0.04),
    )
    assert (second.span.gloss, second.clip_span, second.span.frames) == ('B', (1, 2), (2, 3))
    # Logits of frame 0 are (0, 1, 0). d log p_A / d logits = (-p0, 1 - pA, -pB); through W to channel 0: 1 - pA, to
    # channel 1: -pB; each place has a quarter of it. Channel 0 is 4 at one place, channel 1 is 0.
    p = np.exp([0, 1, 0]) / np.exp([0, 1, 0]).sum()
    np.testing.assert_allclose(first.score, np.log(p[1]), rtol=1e-6)
    np.testing.assert_allclose(first.peak, (1 - p[1]) / 4 * 4, rtol=1e-6)
    np.testing.assert_allclose(first.map, [[[1, 0], [0, 0]], np.zeros((2, 2))], atol=1e-7)
    # Frame 1 alone matters to B: (0, 0, 2).
    q = np.exp([0, 0, 2]) / np.exp([0, 0, 2]).sum()
    np.testing.assert_allclose(second.peak, (1 - q[2]) / 4 * 8, rtol=1e-6)
    np.testing.assert_allclose(second.map, [np.zeros((2, 2)), [[0, 0], [1, 0]]], atol=1e-7)
    assert first.heat.shape == (2, 2, 2)
    assert first.frame_heat(0, (4, 6)).shape == (4, 6)
    # The score of a span is a sum, and so is its gradient: here of frames that do not share any.
    (both,) = compute_cam(model, clip, layer='backbone.conv', targets=[GlossSpan(1, steps=(0, 1))])
    np.testing.assert_allclose(both.map[0] * both.peak, first.map[0] * first.peak, rtol=1e-6)


@pytest.mark.parametrize(
    ('backbone', 'layer', 'stream'),
    [
        (SLOWFAST, None, None),
        (SLOWFAST, 'backbone.s4', 'fast'),
        (SLOWFAST, 'backbone.s3.pathway0_res1', None),
        (dict(type='ResNet', depth=18), 'backbone.net.layer3', None),
        (dict(type='ResNet', depth=18), None, 'main'),
        (dict(type='CorrNet', width=8, pool_grid=2), None, None),
        (dict(type='SlowOnly', depth=18, width=8), 'backbone.s4', None),
    ],
)
def test_every_backbone(backbone, layer, stream):
    model, clip = recognizer(backbone), packed(11)
    model.neck.eval()
    model.backbone.requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    target = GlossSpan(2, steps=(1, 2))
    for method in METHODS:
        (cam,) = compute_cam(model, clip, layer=layer, stream=stream, method=method, targets=[target])
        assert cam.heat.shape == (11, 64, 64)
        assert cam.heat.dtype == np.float32
        assert cam.map.min() >= 0
        assert cam.map.max() in (0, 1)
        assert np.isfinite(cam.peak)
        assert cam.clip_span == (2, 6)
        assert cam.span.frames == (4, 11)
    # As it was: modes, gradients, hooks, statistics of batch norms.
    assert model.training
    assert not model.neck.training
    assert model.backbone.training
    assert not any(parameter.requires_grad for parameter in model.backbone.parameters())
    assert all(parameter.requires_grad for parameter in model.head.parameters())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_slow_steps_last_until_the_next():
    """Padded frame t belongs to the slow step t // 4; one frame of left padding."""
    model = recognizer(SLOWFAST)
    (cam,) = compute_cam(
        model, packed(11), layer='backbone.s3', targets=[GlossSpan(1, steps=(0, 3))], method='eigencam'
    )
    steps = (np.arange(11) + model.neck.temporal_spec.left_pad) // 4
    changes = [t for t in range(1, 11) if not np.array_equal(cam.map[t], cam.map[t - 1])]
    assert changes == [t for t in range(1, 11) if steps[t] != steps[t - 1]]


def test_average_pooled_last_stage_has_equal_methods():
    """A mean over the image gives each place of a frame one gradient: HiResCAM is Grad-CAM then."""
    model, clip = recognizer(dict(type='ResNet', depth=18)), packed(8)
    one, other = (
        compute_cam(model, clip, layer='backbone.net.layer4', method=method, targets=[GlossSpan(3, steps=(1, 1))])[0]
        for method in ('gradcam', 'hirescam')
    )
    assert one.peak > 0
    np.testing.assert_allclose(one.map * one.peak, other.map * other.peak, rtol=1e-4, atol=1e-9)


def test_targets_by_gloss_and_errors():
    model, clip = recognizer(SLOWFAST), packed(11)
    decoded = [cam.span.gloss for cam in compute_cam(model, clip)]
    some = compute_cam(model, clip, targets=decoded[:1])
    assert [cam.span.gloss for cam in some] == [gloss for gloss in decoded if gloss == decoded[0]]
    cases = [
        (dict(layer='backbone.s55'), ConfigError, r"layer: got 'backbone.s55'.* Did you mean 'backbone.s5'"),
        (dict(layer=''), ConfigError, 'layer: got'),
        (dict(layer='head'), ConfigError, r"'head' gives a dict, expected maps.* Layers that do: backbone\.s1, "),
        (dict(layer='neck.stacks.main'), ConfigError, r'gives a tensor of the shape \(1, 8, 6\)'),
        (dict(layer='losses'), ConfigError, 'nothing: it was not run'),
        (dict(layer='backbone.s4', stream='fsat'), ConfigError, r"stream: got 'fsat'.* Did you mean 'fast'"),
        (dict(layer='backbone.s4.pathway0_res0', stream='fast'), ConfigError, 'is of one stream'),
        (dict(method='gradcamm'), ConfigError, r"method: got 'gradcamm'.* Did you mean 'gradcam'"),
        (dict(targets=['X']), DataError, "gloss: got 'X', expected one of the decoded ones"),
        (
            dict(targets=[GlossSpan(1, steps=(0, 6))]),
            DataError,
            'the gloss id 1 at the steps 0 to 6, expected an id of 1 to 3 and steps of 0 to 5',
        ),
        (dict(targets=[GlossSpan(9)]), DataError, 'the gloss id 9 at .* expected an id of 1 to 3'),
    ]
    for arguments, error, message in cases:
        with pytest.raises(error, match=message):
            compute_cam(model, clip, **arguments)
        assert model.training
        assert not any(module._forward_hooks for module in model.modules())


def test_map_layers():
    model = recognizer(dict(type='ResNet', depth=18))
    found = map_layers(model, torch.zeros(1, 20, 3, 64, 64))
    assert found['backbone.net.layer4'] == 2
    assert found['backbone.net.layer1'] == 16
    assert 'backbone.net.avgpool' not in found
    assert 'backbone' not in found
    assert is_map(torch.zeros(1, 2, 3, 4, 5))
    assert not is_map(torch.zeros(1, 2, 3, 1, 1))
    assert not is_map(None)
