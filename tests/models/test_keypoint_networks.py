import pytest
import torch

from cslrkit.errors import CheckpointError, ConfigError, DataError
from cslrkit.models.heads.ensemble_head import EnsembleHead
from cslrkit.models.losses import CTCLoss, SeqKDLoss
from cslrkit.models.sine_code import sine_code
from cslrkit.models.weights import load_pretrained
from cslrkit.models.weights.names import published_names
from cslrkit.registry import BACKBONES, MODELS

PARTS = dict(left=(0, 1, 3), right=(0, 2, 4), body=(0, 1, 2, 3, 4, 5), face=(5,))
BLOCKS = ((1, 3, 2), (2, 3, 2))


def recognizer(**backbone):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='CSLRRecognizer',
            backbone=dict(dict(type='MSKA', parts=PARTS, width=4, blocks=BLOCKS), **backbone),
            neck=dict(type='ConcatStreams'),
            head=dict(type='EnsembleHead', hidden_size=8, ff_size=8),
            losses=[dict(type='CTCLoss', source='fuse/main')],
            decoder=dict(type='GreedyDecoder'),
            vocab=['A', 'B'],
        )
    )


def test_a_recognizer_takes_keypoints_and_gives_a_step_for_several_frames():
    model = recognizer().eval()
    assert model.neck.temporal_spec.total_stride == model.frames_in_phase == 4
    logits, feat_lens = model.logits(torch.randn(2, 3, 16, 6), torch.tensor([16, 12]))
    assert {name: value.shape for name, value in logits.items()}['ensemble/main'] == (2, 4, 3)
    assert feat_lens.tolist() == [4, 3]
    # The mean of four heads' probabilities.
    heads = [logits[f'{name}/main'].softmax(-1) for name in ('left', 'right', 'fuse', 'body')]
    torch.testing.assert_close(logits['ensemble/main'].softmax(-1), sum(heads) / 4)


def test_attention_of_a_block_is_the_sum_over_channels_and_times():
    block = BACKBONES.build(dict(type='MSKA', parts=PARTS, width=4, blocks=BLOCKS)).left_graph_layers[1].double()
    x = torch.randn(1, 4, 5, 3, dtype=torch.float64)
    both = block.in_nets(x + sine_code(3, 4).double().T[None, :, None])
    subset, inner = 2, block.inner
    query, key = both[0, subset * inner :][:inner], both[0, (6 + subset) * inner :][:inner]
    expected = torch.tanh((query[..., :, None] * key[..., None, :]).sum((0, 1)) / (inner * 5)) + 1 / 3
    torch.testing.assert_close(block.attention(x)[0, subset], expected)


def test_codes_are_sines_and_cosines():
    code = sine_code(3, 4)
    assert code[0].tolist() == [0, 1, 0, 1]
    expected = torch.tensor([2.0, 2.0, 0.02, 0.02])  # rates 1 and 10000 ** (-2 / 4)
    torch.testing.assert_close(code[2], torch.where(torch.tensor([True, False] * 2), expected.sin(), expected.cos()))


def test_the_norm_of_a_head_sees_valid_steps_only_in_training():
    norm = EnsembleHead({'main': 4}, 3, hidden_size=2, ff_size=2).heads['fuse'].bn1
    steps = torch.tensor([[[1.0, 0], [3, 2]], [[2, 4], [9, 9]]])
    normalized = norm(steps, torch.tensor([2, 1]))
    assert normalized[1, 1].tolist() == [9, 9]
    torch.testing.assert_close(norm.norm.running_mean, torch.tensor([0.2, 0.2]))  # a tenth of the mean 2
    torch.testing.assert_close(normalized[0, 0, 0].item(), -1 / (2 / 3 + 1e-5) ** 0.5)
    assert norm.eval()(steps, torch.tensor([2, 1]))[1, 1, 0] != 9


def test_a_distillation_per_clip_sums_its_steps():
    torch.manual_seed(0)
    logits = {'conv/main': torch.randn(2, 5, 3), 'seq/main': torch.randn(2, 5, 3)}
    each, lens = [SeqKDLoss(per=per)(logits, torch.tensor([5, 5]), []) for per in ('step', 'clip')], 5
    torch.testing.assert_close(each[0] * lens, each[1])
    with pytest.raises(ConfigError, match='per: got'):
        SeqKDLoss(per='frame')


def test_an_infinite_ctc_can_count_as_nothing():
    logits = {'conv/main': torch.zeros(2, 2, 3)}
    targets = [torch.tensor([1, 1]), torch.tensor([1, 2])]  # the first needs three steps
    # Three by three paths of two steps, one of which is A B.
    loss = CTCLoss('conv/main', zero_infinity=True)(logits, torch.tensor([2, 2]), targets)
    torch.testing.assert_close(loss, torch.tensor(9.0).log() / 2)
    assert CTCLoss('conv/main')(logits, torch.tensor([2, 2]), targets).isinf()


def test_published_weights_load_by_name(tmp_path):
    source, model = recognizer(), recognizer(dropout=0.0)
    for parameter in source.parameters():
        torch.nn.init.normal_(parameter)
    state = source.state_dict()
    file = {f'recognition_network.{published}': state[own] for published, own in published_names(state)}
    assert 'recognition_network.visual_backbone_keypoint.face_graph_layers.0.alphas' in file
    file['recognition_network.visual_backbone_keypoint.face_graph_layers.0.pes.pe'] = torch.zeros(1, 4, 400, 1)
    file['recognition_network.fuse_visual_head.pe.pe'] = torch.zeros(1, 5000, 8)
    torch.save({'model': file}, tmp_path / 'best.pth')
    assert load_pretrained(model, tmp_path / 'best.pth', strict=True).complete
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    with pytest.raises(CheckpointError, match='no counterpart'):
        published_names([*state, 'neck.extra'])


def test_wrong_keypoints_and_wrong_parts_say_what_is_expected():
    model = recognizer()
    with pytest.raises(DataError, match=r'\(1, 3, 8, 5\), expected .* K >= 6'):
        model.logits(torch.zeros(1, 3, 8, 5), torch.tensor([8]))
    with pytest.raises(ConfigError, match=r"model\.backbone\.parts: got \{'left': \(\)\}"):
        recognizer(parts=dict(left=()))
    with pytest.raises(ConfigError, match=r"model\.head\.groups\.fuse: got 'face', expected one of 'left', 'right'"):
        recognizer(parts=dict(left=(0,), right=(1,)))
    with pytest.raises(ConfigError, match=r'model\.backbone\.width: got 6'):
        recognizer(width=6)


FACE_AND_HANDS = dict(mouth=(0, 1, 2), brow=(3, 4), left=(5, 6), right=(7, 8))


def cesmm(input_type, **options):
    torch.manual_seed(0)
    options = dict(dict(parts=FACE_AND_HANDS, width=4, blocks=((1, 1), (2, 2))), **options)
    return BACKBONES.build(dict(type='CESMM', input_type=input_type, **options)).eval()


def test_bones_and_motion_are_differences_after_the_first_layer():
    x = torch.randn(1, 3, 4, 9)
    joints = cesmm('keypoint').mapped(x)
    assert {name: part.shape[3] for name, part in joints.items()} == dict(mouth=3, brow=2, left=2, right=2)
    bones, motion = cesmm('bone').mapped(x)['mouth'], cesmm('keypoint_motion').mapped(x)['mouth']
    torch.testing.assert_close(bones[..., 1], joints['mouth'][..., 2] - joints['mouth'][..., 1])
    assert not motion[:, :, 0].any()
    torch.testing.assert_close(motion[:, :, 3], joints['mouth'][:, :, 3] - joints['mouth'][:, :, 2])
    both = cesmm('bone_motion').mapped(x)['mouth']
    torch.testing.assert_close(both[:, :, 3], bones[:, :, 3] - bones[:, :, 2])


def test_parts_of_cesmm_see_each_other_and_clips_are_filled_up_to_whole_steps():
    network, x = cesmm('keypoint'), torch.randn(1, 3, 7, 9)
    features = network(x)['main']
    assert features.shape == (1, 5 * 8, 4)
    torch.testing.assert_close(features, network(torch.cat([x, x[:, :, -1:]], 2))['main'])
    other = x.clone()
    other[..., 7:] += 1  # right, the last 8 of 40 channels; left are the 8 before
    assert not torch.allclose(network(other)['main'][:, 24:32], features[:, 24:32])


def test_cesmm_says_which_parts_it_needs():
    with pytest.raises(ConfigError, match=r'parts: got .*expected left, right and mouth'):
        cesmm('keypoint', parts=dict(left=(0,), right=(1,)))
    with pytest.raises(ConfigError, match="input_type: got 'bones', expected one of 'keypoint'"):
        cesmm('bones')
    with pytest.raises(ConfigError, match='strides of 1 or 2'):
        cesmm('keypoint', blocks=((1, 4),))


def test_heat_maps_are_gaussians_around_the_points_that_were_found():
    small = dict(type='SlowOnly', depth=18, width=8, alpha=1)
    cfg = dict(type='KeypointHeatMaps', backbone=small, points=(2, 0), size=(8, 16), sigma=2.0)
    network = BACKBONES.build(cfg)
    assert network.backbone.s1.pathway0_stem.conv.in_channels == 2
    x = torch.zeros(1, 3, 3, 3)
    x[0, :, 0, 2] = torch.tensor([-0.5, 0.75, 0.9])  # a quarter from the left, an eighth from the top
    maps = network.maps(x)
    assert maps.shape == (1, 2, 3, 8, 16)
    # The point lies at row 1 and column 4, between pixels whose centers are at 0.5, 1.5, ...
    for row, column in ((0, 3), (1, 4), (5, 9)):
        squared = (row + 0.5 - 1) ** 2 + (column + 0.5 - 4) ** 2
        expected = 2 * torch.tensor(-squared / 8).exp() - 1
        torch.testing.assert_close(maps[0, 0, 0, row, column], expected)
    assert (maps[0, 1] == -1).all()  # score 0
    assert (maps[0, 0, 1:] == -1).all()
    assert (BACKBONES.build(dict(cfg, draw_missing=True)).maps(x)[0, 1] > -1).any()
    assert network(x)['main'].shape == (1, 256, 3)


def test_heat_maps_say_what_their_backbone_must_take():
    with pytest.raises(ConfigError, match=r'backbone\..*in_channels'):
        BACKBONES.build(dict(type='KeypointHeatMaps', backbone=dict(type='MSKA')))
    with pytest.raises(ConfigError, match='sigma: got 0'):
        BACKBONES.build(dict(type='KeypointHeatMaps', backbone=dict(type='SlowOnly', depth=18), sigma=0))
