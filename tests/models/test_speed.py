"""Folding, reduced precision, compilation and memory formats leave results as they are."""

import copy

import pytest
import torch
from torch import nn

from benchmarks.threads import torch_threads
from cslrkit.engine.complete import inference_options
from cslrkit.errors import ConfigError
from cslrkit.models.backbones.frames import every_frame, pool_frames, upsample_time
from cslrkit.models.backbones.residual3d import BasicStem, ResBlock
from cslrkit.models.recognizers import CSLRRecognizer
from cslrkit.models.speed import compile_network, fold_batch_norms, prepare_for_inference
from cslrkit.registry import BACKBONES

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
NETWORKS = [
    dict(type='SlowFast', depth=18, width=8, layout='8x8'),
    dict(type='SlowFast', depth=50, width=8, fusion='bi_concat'),
    dict(type='SlowFast', depth=50, width=8, fusion='bi_add'),
    dict(type='SlowFast', depth=18, width=8, fusion='bi_add2'),
    dict(type='SlowOnly', depth=50, width=8),
    dict(type='ResNet', depth=18),
]


def trained(network):
    """``network`` with statistics and factors that folding must carry along."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, NORMS):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
    for name, parameter in network.named_parameters():
        if name.endswith(('weight_s', 'weight_f')):
            nn.init.constant_(parameter, 0.3)
    return network


def make_recognizer():
    return CSLRRecognizer(
        dict(type='SlowFast', depth=18, layout='8x8', width=8),
        dict(type='MultiStreamTemporalConv', hidden_size=16),
        head=dict(type='BiLSTMHead'),
        losses=[dict(type='CTCLoss', source='seq/main', name='ctc')],
        decoder=dict(type='GreedyDecoder'),
        vocab=['A', 'B'],
    )


def norms_of(network):
    return [name for name, module in network.named_modules() if isinstance(module, NORMS)]


@pytest.mark.parametrize('config', NETWORKS, ids=lambda config: '-'.join(map(str, config.values())))
def test_folding_keeps_the_results_and_the_model(config):
    network = trained(BACKBONES.build(config)).eval()
    before = copy.deepcopy(network.state_dict())
    clip = torch.randn(2, 3, 9, 40, 48)
    folded = prepare_for_inference(network)
    with torch.no_grad():
        expected, got = network(clip), folded(clip)
    for stream, feature in expected.items():
        assert (got[stream] - feature).abs().max() < 2e-5 * feature.std()
    assert norms_of(folded) == []
    assert list(network.state_dict()) == list(before)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_folding_a_recognizer_takes_the_neck_along_in_training_mode_too():
    model = trained(make_recognizer())
    folded = prepare_for_inference(model)
    assert model.training
    assert not folded.training
    assert norms_of(folded) == []
    clips, lens = torch.randn(2, 16, 3, 32, 32), torch.tensor([16, 16])
    with torch.no_grad():
        expected, _ = model.eval().logits(clips, lens)
        got, _ = folded.logits(clips, lens)
    for name, logits in expected.items():
        torch.testing.assert_close(got[name], logits, rtol=1e-4, atol=1e-5)


def test_what_is_read_elsewhere_or_normed_before_is_not_folded():
    class Other(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn = nn.Conv3d(3, 3, 1), nn.BatchNorm3d(3)
            self.bn2, self.conv2 = nn.BatchNorm3d(3), nn.Conv3d(3, 3, 1)

        def forward(self, x):
            x = self.conv(x)
            x = x + self.bn(x)  # the convolution's output is read twice
            return {'main': self.conv2(torch.relu(self.bn2(x))).mean((3, 4))}

    network = trained(Other()).eval()
    assert fold_batch_norms(network) == []
    assert norms_of(network) == ['bn', 'bn2']


def test_folding_names_its_pairs_and_refuses_training():
    network = BACKBONES.build(dict(type='SlowOnly', depth=18, width=8))
    with pytest.raises(ConfigError, match='in training mode'):
        fold_batch_norms(network)
    pairs = fold_batch_norms(network.eval())
    assert ('s1.pathway0_stem.conv', 's1.pathway0_stem.bn') in pairs
    assert ('s2.pathway0_res0.branch1', 's2.pathway0_res0.branch1_bn') in pairs


@pytest.mark.parametrize('fold_bn', [True, False])
def test_bfloat16_is_near_and_gives_float32(fold_bn):
    network = trained(BACKBONES.build(NETWORKS[2])).eval()
    reduced = prepare_for_inference(network, fold_bn=fold_bn, dtype='bfloat16')
    clip = torch.randn(1, 3, 8, 64, 64)
    with torch.no_grad():
        expected, got = network(clip), reduced(clip)
    for stream, feature in expected.items():
        assert got[stream].dtype == torch.float32
        assert (got[stream] - feature).abs().mean() < 0.03 * feature.std()
    assert network.s1.pathway0_stem.conv.weight.dtype == torch.float32
    with pytest.raises(ConfigError, match=r"inference\.dtype: got 'bf16'.*'bfloat16'"):
        prepare_for_inference(network, dtype='bf16')


def formats_on_the_way(network, clip):
    """Names of the modules whose output has its channels not innermost in memory."""
    wrong = []
    layouts = {5: torch.channels_last_3d, 4: torch.channels_last}

    def check(name):
        def hook(module, inputs, output):
            if output.dim() in layouts and not output.is_contiguous(memory_format=layouts[output.dim()]):
                wrong.append(name)

        return hook

    handles = [
        module.register_forward_hook(check(name))
        for name, module in network.named_modules()
        if not list(module.children()) and not isinstance(module, (nn.Dropout, nn.Identity))
    ]
    outputs = network(clip)
    for handle in handles:
        handle.remove()
    sum(feature.sum() for feature in outputs.values()).backward()
    return wrong


@pytest.fixture
def two_threads():
    """With one thread torch sends kernels of size 1 through an old implementation in contiguous memory."""
    with torch_threads(2):
        yield


def wide(config):
    """``config`` with two fast channels: one channel has no memory format."""
    return {**config, 'width': 16} if 'width' in config else config


@pytest.mark.parametrize('config', NETWORKS, ids=lambda config: '-'.join(map(str, config.values())))
def test_channels_stay_innermost_through_the_network(config, two_threads):
    network = BACKBONES.build(wide(config))
    clip = torch.randn(2, 8, 64, 64, 3).permute(0, 4, 1, 2, 3)
    assert formats_on_the_way(network, clip) == []
    # Contiguous weights of a file are copied into the memory format of the network.
    network.load_state_dict({name: value.contiguous() for name, value in network.state_dict().items()})
    kernels = [module.weight for module in network.modules() if isinstance(module, (nn.Conv3d, nn.Conv2d))]
    layouts = {5: torch.channels_last_3d, 4: torch.channels_last}
    assert all(kernel.is_contiguous(memory_format=layouts[kernel.dim()]) for kernel in kernels)
    assert formats_on_the_way(network, clip) == []
    # Gradients too, which data parallelism sends and the optimizer reads.
    assert all(
        kernel.grad.is_contiguous(memory_format=layouts[kernel.dim()])
        for kernel in kernels
        if min(kernel.shape[2:]) > 1
    )


def test_a_fused_optimizer_takes_the_steps_of_a_plain_one(tmp_path):
    """It reads weights, gradients and its state as they lie in memory, in whatever order that is."""
    network = BACKBONES.build(dict(NETWORKS[0], alpha=2, beta_inv=2))
    outputs = network(torch.randn(1, 8, 64, 64, 3).permute(0, 4, 1, 2, 3))
    sum(feature.square().sum() for feature in outputs.values()).backward()
    found = []
    for fused in (False, True):
        weights = [nn.Parameter(parameter.detach().clone()) for parameter in network.parameters()]
        optimizer = torch.optim.AdamW(weights, lr=0.01, fused=fused)
        for step in range(2):
            for weight, parameter in zip(weights, network.parameters()):
                weight.grad = parameter.grad * (step + 1)
            optimizer.step()
            torch.save(optimizer.state_dict(), tmp_path / 'state.pth')  # as a run that is resumed
            optimizer = torch.optim.AdamW(weights, lr=0.01, fused=fused)
            optimizer.load_state_dict(torch.load(tmp_path / 'state.pth', weights_only=True))
        found.append([weight.detach() for weight in weights])
    torch.testing.assert_close(*found, atol=1e-6, rtol=1e-5)


def test_channels_stay_innermost_under_data_parallelism(tmp_path, two_threads):
    torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)
    try:
        network = BACKBONES.build(wide(NETWORKS[0]))
        wrapped = nn.parallel.DistributedDataParallel(network)
        clip = torch.randn(2, 8, 64, 64, 3).permute(0, 4, 1, 2, 3)
        assert formats_on_the_way(wrapped, clip) == []
    finally:
        torch.distributed.destroy_process_group()


class OneBlock(nn.Module):
    """What a SlowFast is made of, small enough to compile in a test."""

    def __init__(self):
        super().__init__()
        self.stem = BasicStem(3, 8, temporal_kernel=1)
        self.block = ResBlock(8, 8, inner_channels=8, temporal_kernel=3, stride=1, bottleneck=False)

    def forward(self, x):
        features = pool_frames(self.block(self.stem(every_frame(x, 4))))
        return {'main': upsample_time(features, 4, x.shape[2])}


def clip_of(num_frames):
    return torch.randn(2, num_frames, 32, 32, 3).permute(0, 4, 1, 2, 3)


@pytest.mark.slow
def test_one_compilation_serves_all_lengths():
    network = trained(OneBlock()).eval()
    prepared = prepare_for_inference(network, compile=True)
    with torch.no_grad():
        for num_frames in (12, 16, 20, 24, 28, 9, 40):
            clip = clip_of(num_frames)
            torch.testing.assert_close(prepared(clip)['main'], network(clip)['main'], rtol=1e-4, atol=1e-5)
    assert prepared.forward.graphs <= 2  # lengths that alpha divides, and the others
    assert list(prepared.state_dict()) == list(prepare_for_inference(network).state_dict())


def test_compiling_needs_a_compiler_and_a_network_that_infers(monkeypatch):
    network = OneBlock()
    with pytest.raises(ConfigError, match=r'in training mode.*Call eval\(\)'):
        compile_network(network)
    monkeypatch.delenv('CXX', raising=False)
    monkeypatch.setenv('PATH', '/nowhere')
    with pytest.raises(ConfigError, match=r'no C\+\+ compiler \(looked for g\+\+, clang\+\+, cl\).*Install g\+\+'):
        compile_network(network.eval())


def test_options_of_a_config():
    assert inference_options({}) == dict(fold_bn=False, dtype=None, compile=False)
    config = dict(inference=dict(fold_bn=True, dtype='bfloat16'))
    assert inference_options(config, dtype='float16') == dict(fold_bn=True, dtype='float16', compile=False)
