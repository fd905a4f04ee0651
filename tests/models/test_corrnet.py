import pytest
import torch
import torchvision
from published_weights import to_published
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from cslrkit.errors import CheckpointError, ConfigError
from cslrkit.models.backbones import CorrNet
from cslrkit.models.backbones.corrnet_modules import FrameCorrelation
from cslrkit.models.weights import load_pretrained
from cslrkit.registry import BACKBONES, MODELS
from cslrkit.structures import StreamSpec


def with_random_statistics(module):
    """Make every weight and statistic count, so that a test sees each of them."""
    torch.manual_seed(1)
    for name, value in module.state_dict().items():
        if value.dim() == 0:
            continue
        if name.endswith(('running_var', 'bn1.weight', 'bn2.weight')):
            torch.nn.init.uniform_(value, 0.5, 1.5)
        elif value.dim() == 1:
            torch.nn.init.uniform_(value, -0.5, 0.5)
    return module


def published_shapes(stages=(2, 3, 4), width=64):
    """Names and shapes of hulianyuyy/CorrNet 98d97d0 `modules/resnet.py`, resnet18 without `fc`."""

    def norm(name, channels):
        for tensor in ('weight', 'bias', 'running_mean', 'running_var'):
            shapes[f'{name}.{tensor}'] = (channels,)
        shapes[f'{name}.num_batches_tracked'] = ()

    shapes = {'alpha': (len(stages),), 'conv1.weight': (width, 3, 1, 7, 7)}
    norm('bn1', width)
    for stage in range(1, 5):
        channels = width * 2 ** (stage - 1)
        for block in range(2):
            place = f'layer{stage}.{block}'
            before = channels // 2 if block == 0 and stage > 1 else channels
            shapes[f'{place}.conv1.weight'] = (channels, before, 1, 3, 3)
            norm(f'{place}.bn1', channels)
            shapes[f'{place}.conv2.weight'] = (channels, channels, 1, 3, 3)
            norm(f'{place}.bn2', channels)
            if before != channels:
                shapes[f'{place}.downsample.0.weight'] = (channels, before, 1, 1, 1)
                norm(f'{place}.downsample.1', channels)
        if stage in stages:
            place, reduced = f'corr{stage - 1}', channels // 16
            shapes[f'{place}.weights'] = (3,)
            shapes[f'{place}.weights2'] = (2,)
            shapes[f'{place}.down_conv.weight'] = (reduced, channels, 1, 1, 1)
            shapes[f'{place}.down_conv2.weight'] = (channels, channels, 1, 1, 1)
            for branch in (1, 2, 3):
                shapes[f'{place}.spatial_aggregation{branch}.weight'] = (reduced, 1, 9, 3, 3)
                shapes[f'{place}.spatial_aggregation{branch}.bias'] = (reduced,)
            shapes[f'{place}.conv_back.weight'] = (channels, reduced, 1, 1, 1)
    return shapes


@pytest.mark.parametrize('stages', [(2, 3, 4), (3, 4)])
def test_names_and_shapes_are_the_published_ones(stages):
    network = CorrNet(correlated_stages=stages)
    assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == published_shapes(stages)


def test_number_of_parameters():
    # ResNet-18 without `fc` has 11 176 512. A correlation of C channels and R = C / 16 has
    # C R + C C + 3 (81 R + R) + 3 + 2 + R C: 20 405, 77 669 and 302 789; and alpha has 3.
    count = sum(parameter.numel() for parameter in CorrNet().parameters())
    assert count == 11_176_512 + 20_405 + 77_669 + 302_789 + 3


def test_shapes_after_each_stage():
    network = CorrNet().eval()
    seen = {}
    for stage in range(1, 5):
        network.get_submodule(f'layer{stage}').register_forward_hook(
            lambda module, inputs, output, stage=stage: seen.update({stage: tuple(output.shape[1:])})
        )
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 2, 224, 224))['main'].shape == (1, 512, 2)
    assert seen == {1: (64, 2, 56, 56), 2: (128, 2, 28, 28), 3: (256, 2, 14, 14), 4: (512, 2, 7, 7)}


def correlation_by_loops(module, x):
    """Equations 1 to 6 of the paper, one place of one frame at a time."""
    batch, _, frames, height, width = x.shape
    places = [(i, j) for i in range(height) for j in range(width)]
    projected = torch.einsum('oc,ncthw->nothw', module.down_conv2.weight[:, :, 0, 0, 0], x)
    gathered = torch.zeros_like(x)
    for n in range(batch):
        for t in range(frames):
            neighbours = (min(t + 1, frames - 1), max(t - 1, 0))
            for i, j in places:
                for beta, neighbour in zip(module.weights2, neighbours):
                    for k, m in places:
                        other = projected[n, :, neighbour, k, m]
                        affinity = torch.dot(x[n, :, t, i, j], other)
                        gathered[n, :, t, i, j] += beta * (1 / (1 + torch.exp(-affinity)) - 0.5) * other
    reduced = torch.einsum('oc,ncthw->nothw', module.down_conv.weight[:, :, 0, 0, 0], x)
    mixed = torch.zeros_like(reduced)
    for index, dilation in enumerate((1, 2, 3)):
        branch = getattr(module, f'spatial_aggregation{index + 1}')
        for t in range(frames):
            for i, j in places:
                value = branch.bias.repeat(batch, 1)
                for a in range(9):
                    for b in range(3):
                        for c in range(3):
                            at = (t + a - 4, i + (b - 1) * dilation, j + (c - 1) * dilation)
                            if 0 <= at[0] < frames and 0 <= at[1] < height and 0 <= at[2] < width:
                                value = value + branch.weight[:, 0, a, b, c] * reduced[:, :, at[0], at[1], at[2]]
                mixed[:, :, t, i, j] += module.weights[index] * value
    attention = torch.einsum('oc,ncthw->nothw', module.conv_back.weight[:, :, 0, 0, 0], mixed)
    return gathered * (1 / (1 + torch.exp(-attention)) - 0.5)


@torch.no_grad()
def test_the_correlation_is_that_of_the_paper():
    torch.manual_seed(0)
    module = with_random_statistics(FrameCorrelation(16))
    x = torch.randn(2, 16, 3, 3, 2)
    torch.testing.assert_close(module(x), correlation_by_loops(module, x), rtol=1e-4, atol=1e-6)
    # A single frame is its own neighbour on both sides.
    torch.testing.assert_close(module(x[:, :, :1]), correlation_by_loops(module, x[:, :, :1]), rtol=1e-4, atol=1e-6)


def test_it_starts_with_the_published_factors():
    module = FrameCorrelation(32)
    assert module.weights.tolist() == pytest.approx([1 / 3] * 3)
    assert module.weights2.tolist() == [0.5, 0.5]
    assert CorrNet(width=8).alpha.tolist() == [0, 0, 0]


@torch.no_grad()
@pytest.mark.parametrize('stages', [(2, 3, 4), (3, 4)])
def test_the_network_adds_it_after_its_stages(stages):
    network = with_random_statistics(CorrNet(width=8, correlated_stages=stages)).eval()
    clip = torch.randn(1, 3, 3, 32, 32)
    state = network.state_dict()

    def frame_by_frame(x, place):
        """A basic block of ResNet-18 on each frame, in 2-D."""
        outputs = []
        for frame in x.unbind(2):
            shortcut = frame
            stride = 2 if f'{place}.downsample.0.weight' in state else 1
            if stride == 2:
                shortcut = F.conv2d(frame, state[f'{place}.downsample.0.weight'][:, :, 0], stride=2)
                shortcut = norm(shortcut, f'{place}.downsample.1')
            y = F.conv2d(frame, state[f'{place}.conv1.weight'][:, :, 0], stride=stride, padding=1)
            y = F.conv2d(norm(y, f'{place}.bn1').relu(), state[f'{place}.conv2.weight'][:, :, 0], padding=1)
            outputs.append((norm(y, f'{place}.bn2') + shortcut).relu())
        return torch.stack(outputs, 2)

    def norm(x, place):
        tensors = ('running_mean', 'running_var', 'weight', 'bias')
        return F.batch_norm(x, *(state[f'{place}.{tensor}'] for tensor in tensors))

    stem = [F.conv2d(frame, state['conv1.weight'][:, :, 0], stride=2, padding=3) for frame in clip.unbind(2)]
    x = torch.stack([F.max_pool2d(norm(frame, 'bn1').relu(), 3, stride=2, padding=1) for frame in stem], 2)
    for stage in range(1, 5):
        for block in range(2):
            x = frame_by_frame(x, f'layer{stage}.{block}')
        if stage in stages:
            x = x + state['alpha'][stages.index(stage)] * correlation_by_loops(
                network.get_submodule(f'corr{stage - 1}'), x
            )
    torch.testing.assert_close(network(clip)['main'], x.mean((3, 4)), rtol=1e-3, atol=1e-5)


@torch.no_grad()
def test_weights_of_imagenet_give_the_plain_network(tmp_path):
    torch.manual_seed(0)
    plain = torchvision.models.resnet18().eval()
    torch.save(plain.state_dict(), tmp_path / 'resnet18-f37072fd.pth')
    network = CorrNet(init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'resnet18-f37072fd.pth'))).eval()
    network.init_weights()
    report = load_pretrained(network, tmp_path / 'resnet18-f37072fd.pth')
    assert sorted(report.unused) == ['fc.bias', 'fc.weight']
    assert all(name.startswith(('corr', 'alpha')) for name in report.left_alone)
    plain.fc = torch.nn.Identity()
    clip = torch.randn(1, 3, 2, 64, 64)
    expected = torch.stack([plain(frame) for frame in clip.unbind(2)], 2)
    torch.testing.assert_close(network(clip)['main'], expected)  # alpha is 0


def recognizer(width=8):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='CSLRRecognizer',
            backbone=dict(type='CorrNet', width=width),
            neck=dict(type='TemporalConv', hidden_size=8),
            head=dict(type='BiLSTMHead'),
            losses=[],
            decoder=dict(type='GreedyDecoder'),
            vocab=['A', 'B'],
        )
    )


def test_a_file_of_the_authors_loads(tmp_path):
    source, target = with_random_statistics(recognizer()), recognizer()
    published = to_published(source.state_dict())
    assert {name[len('conv2d.') :]: tuple(value.shape) for name, value in published.items() if 'conv2d' in name} == (
        published_shapes(width=8)
    )
    # The shared classifier has two names there; `main.py` saves the weights under `model_state_dict`.
    assert published['classifier.weight'] is published['conv1d.fc.weight']
    torch.save(dict(epoch=1, model_state_dict=published), tmp_path / '_best_model.pt')
    report = load_pretrained(target, tmp_path / '_best_model.pt', strict=True)
    assert report.complete
    assert all(torch.equal(value, target.state_dict()[name]) for name, value in source.state_dict().items())


def test_the_weights_for_csl_daily_are_of_two_correlations(tmp_path):
    torch.save(dict(model_state_dict=to_published(recognizer().state_dict())), tmp_path / 'three.pt')
    backbone = CorrNet(width=8, correlated_stages=(3, 4))
    with pytest.raises(CheckpointError, match=r'alpha.*\(3,\) in the file, \(2,\) in the model'):
        load_pretrained(backbone, tmp_path / 'three.pt', strict=True)


def test_activation_checkpointing_changes_nothing():
    torch.manual_seed(0)
    plain = with_random_statistics(CorrNet(width=8))
    saving = CorrNet(width=8, with_cp=True)
    saving.load_state_dict({name: value.clone() for name, value in plain.state_dict().items()})
    clip = torch.randn(1, 3, 5, 32, 32)
    for network in (plain, saving):
        network(clip)['main'].square().mean().backward()
    for (name, one), other in zip(plain.named_parameters(), saving.parameters()):
        torch.testing.assert_close(other.grad, one.grad, rtol=1e-4, atol=1e-6, msg=name)
        assert one.grad.abs().sum() > 0, name
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(saving.state_dict()[name], value, msg=name)


class LargestTensor(TorchDispatchMode):
    """Elements of the largest tensor that an operation gave."""

    largest = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        output = func(*args, **(kwargs or {}))
        for tensor in output if isinstance(output, (tuple, list)) else [output]:
            if isinstance(tensor, torch.Tensor):
                self.largest = max(self.largest, tensor.numel())
        return output


@torch.no_grad()
def test_memory_of_testing_does_not_grow_with_the_correlation_maps_of_a_long_clip():
    torch.manual_seed(0)
    module = FrameCorrelation(16)
    x = torch.randn(2, 16, 40, 8, 8)
    with LargestTensor() as watch:
        whole = module(x)
    assert watch.largest == x.numel()  # the maps of all frames would have four times that
    for index in range(2):
        torch.testing.assert_close(module(x[index : index + 1])[0], whole[index])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(depth=50), r'depth: got 50, expected one of 18, 34'),
        (dict(width=12), r'width: got 12, expected a multiple of 8'),
        (
            dict(correlated_stages=(1, 2)),
            r'correlated_stages: got \(1, 2\), expected one or more different ones of \[2',
        ),
        (dict(correlated_stages=()), r'correlated_stages: got \(\)'),
        (dict(correlated_stages=3), r'correlated_stages: got 3'),
        (dict(pool_grid=0), r'pool_grid: got 0, expected a positive integer'),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        BACKBONES.build(dict(type='CorrNet', **arguments))


def test_deeper_and_with_places():
    network = CorrNet(depth=34, width=8, pool_grid=2).eval()
    assert network.stream_specs == {'main': StreamSpec(8 * 8 * 4)}
    assert len(network.layer3) == 6
    assert network(torch.randn(1, 3, 2, 64, 64))['main'].shape == (1, 256, 2)
