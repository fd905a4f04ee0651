import pytest
import torch
import torchvision

from benchmarks.parity.ustm_unused import with_unused
from cslrkit.errors import ConfigError, DataError
from cslrkit.models.weights import load_pretrained
from cslrkit.models.weights.names import published_names
from cslrkit.registry import BACKBONES, MODELS, NECKS

SMALL = dict(type='USTM', size='t', width=32, depths=[1, 1, 1, 1])
MODEL = dict(
    type='CSLRRecognizer',
    backbone=SMALL,
    neck=dict(type='MultiScaleTemporalConv', hidden_size=16),
    head=dict(type='BiLSTMHead'),
    losses=[],
    decoder=dict(type='GreedyDecoder'),
    vocab=['A', 'B'],
)


def test_a_stage_gives_twice_what_the_transformer_gives_where_the_adapter_adds_nothing():
    torch.manual_seed(0)
    backbone = BACKBONES.build(SMALL).eval()
    stage, frames = backbone.features[1], torch.randn(4, 6, 5, 32)
    torch.nn.init.zeros_(stage.temporal_adapter.up_proj.weight)
    torch.nn.init.zeros_(stage.temporal_adapter.up_proj.bias)
    torch.testing.assert_close(stage(frames, 2), 2 * stage.swin_layer(frames))
    # Frames of a clip see each other, those of another clip are not seen.
    torch.nn.init.normal_(stage.temporal_adapter.up_proj.weight)
    changed = frames.clone()
    changed[1] += 1
    differs = (stage(changed, 2) != stage(frames, 2)).flatten(1).any(1)
    assert differs.tolist() == [True, True, False, False]


def test_wrong_arguments_and_long_clips_are_named():
    for arguments, message in (
        (dict(size='xl'), 'size'),
        (dict(width=48), 'width: got 48, expected a multiple of 32'),
        (dict(depths=[1, 1]), 'depths: got .1, 1., expected four'),
    ):
        with pytest.raises(ConfigError, match=message):
            BACKBONES.build(dict(SMALL, **arguments))
    with pytest.raises(DataError, match='got clips of 1001 frames, expected at most 1000'):
        BACKBONES.build(SMALL)(torch.zeros(1, 3, 1001, 4, 4))


def test_checkpointing_changes_no_result():
    clip, results = torch.randn(1, 3, 4, 16, 16), []
    for with_cp in (False, True):
        torch.manual_seed(1)
        network = BACKBONES.build(dict(SMALL, with_cp=with_cp)).train()
        features = network(clip)['main']
        features.square().sum().backward()
        results.append((features, network.features[0][0].weight.grad))
    assert torch.equal(results[0][0], results[1][0])
    torch.testing.assert_close(results[0][1], results[1][1])


def test_files_of_torchvision_and_of_the_authors_load_by_name(tmp_path):
    swin = torchvision.models.swin_transformer.SwinTransformer(
        [4, 4], 32, [1, 1, 1, 1], [1, 2, 4, 8], [7, 7], num_classes=3
    )
    torch.save(swin.state_dict(), tmp_path / 'swin.pth')
    backbone = BACKBONES.build(SMALL)
    report = load_pretrained(backbone, tmp_path / 'swin.pth')
    assert report.unused == ['head.weight', 'head.bias']
    assert all('.temporal_adapter.' in name for name in report.left_alone)
    assert torch.equal(backbone.features[3].swin_layer[0].mlp[0].weight, swin.features[3][0].mlp[0].weight)

    recognizer = MODELS.build(MODEL)
    state = recognizer.state_dict()
    shapes = [[published, list(state[own].shape)] for published, own in published_names(state)]
    names = [name for name, _ in shapes]
    for name in ('streams.5.2.weight', 'post_conv1.0.weight', 'tlp1.predictor.0.weight', 'post_conv2.1.running_mean'):
        assert f'conv1d.{name}' in names
    published = with_unused(shapes, dict(hidden_size=16, num_classes=3, conv_type=2))
    assert len(published) > len(shapes)
    torch.save({name: torch.ones(shape) for name, shape in published}, tmp_path / 'ustm.pt')
    assert load_pretrained(recognizer, tmp_path / 'ustm.pt', strict=True).complete


def test_branches_are_concatenated_before_the_kernel_spec():
    neck = NECKS.build(dict(type='MultiScaleTemporalConv', in_channels={'main': 4}, hidden_size=8)).eval()
    x = torch.randn(1, 4, 16)
    stack = neck.stacks['main']
    expected = torch.cat([branch(x) for branch in stack.streams], 1)
    for layer in (stack.post_conv1, stack.tlp1, stack.post_conv2, stack.tlp2):
        expected = layer(expected)
    steps, feat_lens = neck({'main': x}, torch.tensor([16]))
    assert feat_lens.tolist() == [1]
    assert torch.equal(steps['main'], expected)
