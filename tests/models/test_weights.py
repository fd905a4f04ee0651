import numpy as np
import pytest
import torch
import torchvision
from mmengine.model import BaseModule
from published_weights import to_published
from torch import nn
from torch.nn import functional as F

from cslrkit.errors import CheckpointError
from cslrkit.models.backbones import ResNet, SlowFast, SlowOnly
from cslrkit.models.weights import check_num_classes, load_pretrained, read_weights
from cslrkit.models.weights.load import adapt
from cslrkit.registry import MODELS


def build(neck='MultiStreamTemporalConv', backbone=None, head=None, vocab=('A', 'B'), **kwargs):
    return MODELS.build(
        dict(
            type='CSLRRecognizer',
            backbone=backbone or dict(type='SlowFast', depth=18, layout='64x2', width=8),
            neck=dict(type=neck, hidden_size=8),
            head=head or dict(type='BiLSTMHead'),
            losses=[],
            decoder=dict(type='GreedyDecoder'),
            vocab=list(vocab),
            **kwargs,
        )
    )


def published_file(path, model, **extra):
    """What SlowFastSign's main.py saves."""
    optimizer = torch.optim.Adam(model.parameters())
    content = dict(
        epoch=3,
        model_state_dict=to_published(model.state_dict()),
        optimizer_state_dict=optimizer.state_dict(),
        scheduler_state_dict=torch.optim.lr_scheduler.MultiStepLR(optimizer, [40, 60]).state_dict(),
        rng_state=dict(torch=torch.get_rng_state(), cuda=[], numpy=np.random.get_state(), random=(3, (1, 2), None)),
    )
    torch.save({**content, **extra}, path)
    return path


def same_state(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values()))


@pytest.mark.parametrize('neck', ['MultiStreamTemporalConv', 'TemporalConv'])
@pytest.mark.parametrize('sharing', ['none', 'stream', 'all'])
@pytest.mark.parametrize('classifier', ['norm_linear', 'linear'])
def test_slowfastsign_files_of_every_sharing(tmp_path, neck, sharing, classifier):
    head = dict(type='BiLSTMHead', share_classifier=sharing, classifier=classifier)
    torch.manual_seed(0)
    source, target = build(neck, head=head), build(neck, head=head)
    report = load_pretrained(target, published_file(tmp_path / 'a.pt', source), strict=True)
    assert same_state(source, target)
    assert report.complete
    assert report.format == 'slowfastsign'
    assert not report.conflicts
    assert len(report.loaded) == len(source.state_dict())


@pytest.mark.parametrize('rename', ['module.{}', '{}'])
def test_names_of_wrapped_models(tmp_path, rename):
    source, target = build(), build()
    state = to_published(source.state_dict())
    state = {rename.format(name.replace('conv2d.', 'conv2d.module.')): value for name, value in state.items()}
    load_pretrained(target, published_file(tmp_path / 'a.pt', source, model_state_dict=state), strict=True)
    assert same_state(source, target)


def test_a_file_that_shares_less_is_reported_and_the_last_name_counts(tmp_path):
    path = published_file(tmp_path / 'a.pt', build(head=dict(type='BiLSTMHead', share_classifier='none')))
    target = build()
    report = load_pretrained(target, path, strict=True)
    weights = read_weights(path).tensors
    assert torch.equal(target.head.classifiers['main'].weight, weights['classifier.0.weight'])
    assert len(report.conflicts) == 3
    assert 'conv1d.fc.0.weight and classifier.0.weight differ' in report.text()


def test_weights_of_another_network_are_refused_when_strict_and_reported_otherwise(tmp_path):
    path = published_file(tmp_path / 'a.pt', build('TemporalConv'))
    target = build()
    before = {name: value.clone() for name, value in target.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"a\.pt' \(slowfastsign\) does not fit.*left alone: neck\.stacks"):
        load_pretrained(target, path, strict=True)
    assert all(torch.equal(before[name], value) for name, value in target.state_dict().items())
    report = load_pretrained(target, path)
    assert 'backbone.s1.pathway0_stem.conv.weight' in report.loaded
    assert report.left_alone['neck.stacks.main.0.weight'] == 'not in the file'
    assert 'classifier.weight' in report.unused


def test_another_number_of_classes_names_both(tmp_path):
    for classifier in ('norm_linear', 'linear'):
        head = dict(type='BiLSTMHead', classifier=classifier)
        path = published_file(tmp_path / 'a.pt', build(head=head))
        check_num_classes(build(head=head), read_weights(path))
        with pytest.raises(CheckpointError, match=r'has 3 classes.*the vocabulary has 4 \(GlossVocab\(3 glosses'):
            check_num_classes(build(head=head, vocab='ABC'), read_weights(path))


class VAC(nn.Module):
    """The forward pass of VIPL-SLP/VAC_CSLR for one clip, with its names."""

    def __init__(self, hidden, classes):
        super().__init__()
        self.conv2d = torchvision.models.resnet18()
        self.conv2d.fc = nn.Identity()
        self.conv1d = nn.Module()
        layers = []
        for channels in (512, hidden):
            layers += [nn.Conv1d(channels, hidden, 5), nn.BatchNorm1d(hidden), nn.ReLU(), nn.MaxPool1d(2)]
        self.conv1d.temporal_conv = nn.Sequential(*layers)
        self.temporal_model = nn.Module()
        self.temporal_model.rnn = nn.LSTM(hidden, hidden // 2, num_layers=2, bidirectional=True)
        self.classifier = nn.Module()
        self.classifier.weight = nn.Parameter(torch.randn(hidden, classes))
        self.conv1d.fc = self.classifier

    def forward(self, clip):
        steps = self.conv1d.temporal_conv(self.conv2d(clip).T[None]).permute(2, 0, 1)
        weight = F.normalize(self.classifier.weight, dim=0)
        return steps @ weight, self.temporal_model.rnn(steps)[0] @ weight


def test_vac_files_give_vacs_logits(tmp_path):
    torch.manual_seed(0)
    vac = VAC(8, 3).eval()
    torch.save(dict(epoch=1, model_state_dict=vac.state_dict()), tmp_path / 'vac.pt')
    model = build('TemporalConv', backbone=dict(type='ResNet', depth=18)).eval()
    assert load_pretrained(model, tmp_path / 'vac.pt', strict=True).complete
    clip = torch.randn(24, 3, 32, 32)
    with torch.no_grad():
        conv, seq = vac(clip)
        logits, _ = model.logits(clip[None], torch.tensor([24]))
    torch.testing.assert_close(logits['conv/main'].transpose(0, 1), conv, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(logits['seq/main'].transpose(0, 1), seq, rtol=1e-4, atol=1e-5)
    linear = build('TemporalConv', backbone=dict(type='ResNet', depth=18), head=dict(type='LinearHead'))
    report = load_pretrained(linear, tmp_path / 'vac.pt')
    assert not report.left_alone
    assert 'temporal_model.rnn.weight_ih_l0' in report.unused


def test_torchvision_weights(tmp_path):
    torch.manual_seed(0)
    net = torchvision.models.resnet18().eval()
    torch.save(net.state_dict(), tmp_path / 'resnet18.pth')
    backbone = ResNet(18).eval()
    report = load_pretrained(backbone, tmp_path / 'resnet18.pth')
    assert not report.left_alone
    assert report.unused == ['fc.weight', 'fc.bias']
    net.fc = nn.Identity()
    frames = torch.randn(2, 3, 32, 32)
    features = backbone(frames.transpose(0, 1)[None])['main']
    torch.testing.assert_close(features[0].T, net(frames))
    with pytest.raises(CheckpointError, match=r'none of the \d+ tensors of .*\(torchvision\) fits SlowFast'):
        load_pretrained(SlowFast(18, width=8), tmp_path / 'resnet18.pth')


def test_pyslowfast_pyth_is_adapted_like_the_caffe2_files(tmp_path):
    source = SlowFast(50, '8x8', width=8)
    state = {**source.state_dict(), 'head.projection.weight': torch.zeros(400, 288)}
    torch.save(dict(epoch=196, model_state=state, optimizer_state={}, cfg='TASK: x\n'), tmp_path / 'a.pyth')
    target = SlowFast(50, '8x8', fusion='bi_add', width=8)
    report = load_pretrained(target, tmp_path / 'a.pyth')
    assert report.format == 'pyslowfast'
    assert report.unused == ['head.projection.weight']
    assert report.adapted['s2.pathway0_res0.branch1.weight'] == '8 of 10 input channels'
    assert report.adapted['s1_fuse.bn.weight'] == 'repeated 4 times'
    assert report.left_alone['s1_fuse.conv_f2s.weight'].startswith('(2, 1, 7, 1, 1) in the file')
    assert report.left_alone['s1_fuse.bn2.weight'] == 'not in the file'
    slow = SlowOnly(50, width=8)
    report = load_pretrained(slow, tmp_path / 'a.pyth')
    assert not report.left_alone
    assert torch.equal(slow.s1.pathway0_stem.conv.weight, source.s1.pathway0_stem.conv.weight)


def test_adaptations_by_hand():
    def fit(source, target):
        fitted, how = adapt(torch.tensor(source), torch.tensor(target))
        return None if fitted is None else fitted.tolist(), how

    seven = [[7.0, 7.0, 7.0]]
    assert fit([[1.0, 2.0]], seven) == ([[1.0, 2.0, 7.0]], '2 of the 3 input channels, the others keep their values')
    assert fit([[1.0, 2.0, 3.0, 4.0]], seven) == ([[1.0, 2.0, 3.0]], '3 of 4 input channels')
    assert fit([1.0, 2.0], [7.0] * 4) == ([1.0, 2.0, 1.0, 2.0], 'repeated 2 times')
    assert fit([1.0, 2.0], [7.0] * 3) == (None, '(2,) in the file, (3,) in the model')
    assert fit([1.0, 2.0], [7.0]) == (None, '(2,) in the file, (1,) in the model')
    assert fit([[1.0], [2.0]], seven) == (None, '(2, 1) in the file, (1, 3) in the model')
    assert fit([1.0, 2.0], [[7.0], [7.0]]) == ([[1.0], [2.0]], '')  # a linear layer as a convolution
    kernel = torch.arange(6.0).reshape(1, 2, 3, 1, 1)
    fitted, how = adapt(kernel, torch.full((1, 2, 1, 1, 1), 7.0))
    assert fitted.flatten().tolist() == [0.0, 3.0]
    assert how == 'first of 3 slices in time'
    assert adapt(kernel, torch.full((1, 2, 2, 1, 1), 7.0))[0] is None
    fitted, how = adapt(kernel, torch.full((1, 1, 1, 1, 1), 7.0))
    assert (fitted.item(), how) == (0.0, 'first of 3 slices in time; 1 of 2 input channels')


def test_a_checkpoint_of_cslrkit_gives_its_backbone(tmp_path):
    source = build()
    torch.save(dict(state_dict=source.state_dict(), meta={}), tmp_path / 'a.pth')
    backbone = SlowFast(18, width=8)
    report = load_pretrained(backbone, tmp_path / 'a.pth')
    assert same_state(backbone, source.backbone)
    assert not report.left_alone
    assert 'neck.stacks.main.0.weight' in report.unused


def test_init_cfg_loads_published_weights_outside_a_runner_too(tmp_path):
    source = SlowFast(18, width=8)
    torch.save(dict(model_state=source.state_dict()), tmp_path / 'a.pyth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'a.pyth'))
    backbone = dict(type='SlowFast', depth=18, width=8, init_cfg=init_cfg)
    for model in (build(backbone=backbone), build(init_cfg=init_cfg)):
        assert not same_state(model.backbone, source)
        model.init_weights()
        assert same_state(model.backbone, source)
    alone = SlowFast(18, width=8, init_cfg=init_cfg)
    alone.init_weights()
    assert same_state(alone, source)


@pytest.mark.slow
@pytest.mark.parametrize('part', [ResNet, SlowFast, SlowOnly])
def test_every_backbone_takes_init_cfg(tmp_path, part):
    assert issubclass(part, BaseModule)
    module = part(depth=18, init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'absent.pkl')))
    with pytest.raises(CheckpointError, match=r"absent.pkl' does not exist"):
        module.init_weights()
