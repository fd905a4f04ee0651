import copy
import json
from pathlib import Path

import pytest
import torch

from benchmarks.parity import judge_checkpoint
from cslrkit.errors import ConfigError
from cslrkit.models.backbones import SlowFast
from cslrkit.models.weights.names import parameter_name

GOLDEN = Path(__file__).parents[2] / 'data' / 'checkpoint_public.json'
CONTENT = json.loads(GOLDEN.read_text())
FUSIONS = {'FuseFastToSlow': 'fast_to_slow', 'FuseBiAdd': 'bi_add'}
WIDTH = 16
BUILD_BACKBONE = judge_checkpoint.build_backbone  # a fixture replaces it


def small_backbone(config, fuse):
    backbone = SlowFast(50, '8x8', fusion=FUSIONS[fuse], width=WIDTH)
    for tensor in backbone.state_dict().values():
        if tensor.is_floating_point():
            tensor.fill_(7.0)
    return backbone


@pytest.fixture(scope='module')
def small():
    """A case of the golden form with an eighth of its channels, recorded from cslrkit itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge_checkpoint, 'build_backbone', small_backbone)
        shapes = {}
        own = small_backbone('', 'FuseFastToSlow').state_dict()
        for name in CONTENT['blob_shapes']:
            if parameter_name(name) in own:
                shapes[name] = list(own[parameter_name(name)].shape)
        inner, outer = 8 * WIDTH, 16 * WIDTH  # a non-local block of the stage s4
        shapes.update(lr=[1], pred_w=[400, 36 * WIDTH], pred_b=[400], conv1_w_momentum=shapes['conv1_w'])
        shapes.update(nonlocal_conv4_1_theta_w=[inner, outer, 1, 1, 1], nonlocal_conv4_1_out_w=[outer, inner, 1, 1, 1])
        shapes.update(nonlocal_conv4_3_bn_s=[outer], nonlocal_conv4_3_g_b=[inner])
        content = dict(tag='small', depth=50, blob_rule=CONTENT['blob_rule'], blob_shapes=shapes, targets=[])
        content['name_map'] = [[name, parameter_name(name)] for name in shapes]
        blobs = judge_checkpoint.make_blobs(shapes)
        for fuse in FUSIONS:
            target = dict(config='SLOWFAST_8x8_R50.yaml', fuse=fuse, loaded={}, untouched=[])
            for name, tensor in small_backbone('', fuse).state_dict().items():
                blob = next((blobs[blob] for blob in shapes if parameter_name(blob) == name), None)
                if not tensor.is_floating_point():
                    continue
                fits = blob is not None and (blob.ndim == 1 or blob.shape[0] == tensor.shape[0])
                if not fits:
                    target['untouched'].append(name)
                    continue
                value = torch.from_numpy(blob)
                value = value.repeat(len(tensor) // len(blob)) if blob.ndim == 1 else value[:, : tensor.shape[1]]
                target['loaded'][name] = judge_checkpoint.statistics(value)
            content['targets'].append(target)
        yield content


def passes(content):
    results = list(judge_checkpoint.judge(content))
    assert len(results) == 1 + len(content['targets'])
    return all(result.passed for result in results)


@pytest.mark.slow
def test_the_published_loader_is_matched():
    for result in judge_checkpoint.judge(CONTENT):
        assert result.passed, (result.name, result.failures)


def test_a_small_case_passes(small):
    assert judge_checkpoint.recognizes(small)
    assert passes(small)


LOADED = ('targets', 0, 'loaded', 's2.pathway0_res0.branch2.a.weight')


@pytest.mark.slow
@pytest.mark.parametrize(
    'place',
    [
        ('depth',),
        ('blob_shapes', 'conv1_w', 0),
        ('blob_shapes', 'conv1_w', 4),
        ('blob_shapes', 'res3_1_branch2b_bn_rm', 0),
        ('blob_shapes', 'lr', 0),
        ('blob_shapes', 'pred_w', 0),
        ('blob_shapes', 'pred_w', 1),
        ('blob_shapes', 'pred_b', 0),
        ('blob_shapes', 'conv1_w_momentum', 1),
        ('blob_shapes', 'nonlocal_conv4_1_theta_w', 0),
        ('blob_shapes', 'nonlocal_conv4_1_out_w', 1),
        ('blob_shapes', 'nonlocal_conv4_3_bn_s', 0),
        ('blob_shapes', 'nonlocal_conv4_3_g_b', 0),
        (*LOADED, 'mean'),
        (*LOADED, 'abs'),
        (*LOADED, 'at', 3),
        ('targets', 1, 'loaded', 's1_fuse.bn.running_var', 'at', 4),
    ],
)
def test_any_other_number_fails(small, place):
    content = copy.deepcopy(small)
    *way, last = place
    node = content
    for key in way:
        node = node[key]
    node[last] += 1e-6 if isinstance(node[last], float) else 1
    assert not passes(content)


@pytest.mark.slow
def test_blobs_that_no_target_loads_are_checked(small):
    for axis in range(5):
        content = copy.deepcopy(small)
        del content['targets'][0]  # the other fusion leaves these alone
        assert passes(content)
        content['blob_shapes']['t_res3_3_branch2c_bn_subsample_w'][axis] += 1
        assert not passes(content)


@pytest.mark.slow
@pytest.mark.parametrize(
    'change',
    [
        lambda content: content.update(blob_rule=content['blob_rule'].replace('0.05', '0.06')),
        lambda content: content['name_map'][3].reverse(),
        lambda content: content['name_map'].pop(),
        lambda content: content['blob_shapes'].pop('res_conv1_bn_s'),
        lambda content: content['targets'][0]['untouched'].append('s1_fuse.bn.weight'),
        lambda content: content['targets'][1]['untouched'].pop(),
        lambda content: content['targets'][1]['untouched'].reverse(),
        lambda content: content['targets'][0]['loaded'].pop('s1_fuse.bn.weight'),
        lambda content: content['targets'][0]['loaded']['s1_fuse.bn.weight'].pop('abs'),
        lambda content: content['targets'][0]['loaded']['s1_fuse.bn.weight']['at'].pop(),
        lambda content: content['targets'][0].update(fuse='FuseBiAdd'),
        lambda content: content['targets'][0].update(fuse='FuseNothing'),
        lambda content: content['targets'][0].pop('loaded'),
    ],
)
def test_any_other_name_or_a_malformed_case_fails(small, change):
    content = copy.deepcopy(small)
    change(content)
    assert not passes(content)


@pytest.mark.parametrize('config', ['SLOWFAST_8x8_R51.yaml', 'nonsense'])
def test_an_unknown_network_is_an_error(config):
    with pytest.raises(ConfigError, match=f'slowfast_config: got .{config}'):
        BUILD_BACKBONE(config, 'FuseBiAdd')


def test_other_files_are_not_recognized():
    assert not judge_checkpoint.recognizes([CONTENT])
    assert not judge_checkpoint.recognizes({name: 1 for name in CONTENT if name != 'targets'})
