"""Networks of timm and torchvision as backbones."""

import pytest
import torch
from torchvision.models.video.mvit import MSBlockConfig, MViT

from cslrkit.errors import ConfigError
from cslrkit.models.backbones.torchvision_video import TorchvisionVideoBackbone
from cslrkit.models.data_preprocessor import SignDataPreprocessor
from cslrkit.registry import BACKBONES, MODELS

TIMM = dict(type='TimmBackbone', model_name='test_resnet', pretrained=False)
VIDEO = dict(type='TorchvisionVideoBackbone', pretrained=False)


def test_timm_gives_the_features_of_its_network_at_its_size():
    pytest.importorskip('timm')
    backbone = BACKBONES.build(dict(TIMM, model_name='test_vit')).eval()
    clip = torch.randn(1, 3, 2, 64, 48)
    assert backbone.size == (160, 160)
    with torch.no_grad():
        features = backbone(clip)['main']
        frame = torch.nn.functional.interpolate(
            clip[:, :, 1], backbone.size, mode='bilinear', align_corners=False, antialias=True
        )
        torch.testing.assert_close(features[:, :, 1], backbone.net(frame))


def test_the_preprocessor_takes_the_statistics_of_the_network():
    pytest.importorskip('timm')
    model = dict(
        type='CSLRRecognizer',
        backbone=TIMM,
        neck=dict(type='TemporalConv', hidden_size=8),
        head=dict(type='BiLSTMHead'),
        losses=[],
        decoder=dict(type='GreedyDecoder'),
        vocab=['A', 'B'],
    )
    built = MODELS.build(model)
    mean, std = built.backbone.frame_statistics
    assert (built.data_preprocessor.mean, built.data_preprocessor.std) == (list(mean), list(std))
    own = dict(type='SignDataPreprocessor', mean=0.5, std=0.5)
    assert MODELS.build(dict(model, data_preprocessor=own)).data_preprocessor.mean == 0.5

    class OwnPreprocessor(SignDataPreprocessor):
        pass

    given = MODELS.build(dict(model, data_preprocessor=dict(type=OwnPreprocessor))).data_preprocessor
    assert given.mean == list(mean)


@pytest.mark.parametrize('config', [dict(TIMM, frozen=['conv1', 'layer1']), dict(VIDEO, model_name='s3d')])
def test_frozen_parts_are_not_trained_and_keep_their_statistics(config):
    if config['type'] == 'TimmBackbone':
        pytest.importorskip('timm')
        names = [name for name, _ in BACKBONES.build(dict(config, frozen=False)).net.named_children()][:1]
    else:
        names = ['features.0']
    backbone = BACKBONES.build(dict(config, frozen=names)).train()
    before = {name: value.clone() for name, value in backbone.named_buffers()}
    backbone(torch.randn(2, 3, 8, 64, 64))['main'].sum().backward()
    begin = f'net.{names[0]}.'
    for name, parameter in backbone.named_parameters():
        assert (parameter.grad is None) == name.startswith(begin), name
    changed = {name for name, value in backbone.named_buffers() if not torch.equal(value, before[name])}
    assert changed
    assert not any(name.startswith(begin) for name in changed)
    with pytest.raises(ConfigError, match="frozen: got 'stages', expected parts"):
        BACKBONES.build(dict(config, frozen=['stages']))


def test_a_feature_stands_for_its_frames():
    with torch.no_grad():
        backbone = BACKBONES.build(dict(VIDEO, model_name='s3d')).eval()
        features = backbone(torch.randn(1, 3, 11, 32, 32))['main']
    assert features.shape == (1, 1024, 11)
    torch.testing.assert_close(features[..., :8], features[..., :1].expand(-1, -1, 8))
    assert not torch.equal(features[..., 7], features[..., 8])


@pytest.mark.parametrize(
    ('name', 'frames', 'shape'),
    [
        ('mc3_18', 3, (1, 512, 3)),
        ('r3d_18', 9, (1, 512, 9)),
        ('swin3d_t', 3, (1, 768, 3)),
    ],
)
def test_every_kind_of_video_network_gives_a_feature_for_each_frame(name, frames, shape):
    backbone = BACKBONES.build(dict(VIDEO, model_name=name)).eval()
    assert backbone.stream_specs['main'].channels == shape[1]
    with torch.no_grad():
        assert backbone(torch.randn(1, 3, frames, 32, 32))['main'].shape == shape


@pytest.mark.parametrize('name', ['s3d', 'mvit_v2_s'])
def test_checkpointing_changes_no_result(name):
    clip, results = torch.randn(1, 3, 18, 32, 32), []
    for with_cp in (False, True):
        torch.manual_seed(1)
        network = BACKBONES.build(dict(VIDEO, model_name=name, with_cp=with_cp)).train()
        if name == 'mvit_v2_s':  # the whole one takes seconds
            first = MSBlockConfig(1, 16, 16, [3, 3, 3], [3, 3, 3], stride_q=[1, 2, 2], stride_kv=[1, 2, 2])
            blocks = [first, MSBlockConfig(1, 16, 16, [3, 3, 3], [3, 3, 3], stride_q=[1, 1, 1], stride_kv=[1, 1, 1])]
            choices = dict(residual_pool=True, residual_with_cls_embed=False, rel_pos_embed=True, proj_after_attn=True)
            tiny = MViT((32, 32), 16, blocks, **choices)
            network.net, network.size = tiny, (32, 32)
        features = network(clip)['main']
        assert features.shape[2] == 18
        features.square().sum().backward()
        results.append((features, next(network.parameters()).grad))
    torch.testing.assert_close(results[0], results[1])


def test_unknown_names_and_missing_weights_are_errors(monkeypatch):
    pytest.importorskip('timm')
    with pytest.raises(ConfigError, match=r'which timm .* does not have. .*convnext_tiny'):
        BACKBONES.build(dict(TIMM, model_name='convnext_tinny'))
    with pytest.raises(ConfigError, match='has no activation checkpointing'):
        BACKBONES.build(dict(TIMM, model_name='dla46_c', with_cp=True))

    def unreachable(*args, **kwargs):
        raise OSError('no network')

    backbone = BACKBONES.build(dict(VIDEO, model_name='s3d', pretrained=True))
    assert isinstance(backbone, TorchvisionVideoBackbone)
    monkeypatch.setattr(type(backbone.weights), 'get_state_dict', unreachable)
    with pytest.raises(ConfigError, match=r'cannot be downloaded: no network. Without a network, set pretrained=False'):
        backbone.init_weights()
