import copy
import json
from pathlib import Path

import pytest
from memory import release_memory

from benchmarks.parity import compare_model, judge_model
from benchmarks.parity.published_model import slowfast_arguments
from benchmarks.parity.result import Comparison
from benchmarks.threads import torch_threads
from cslrkit.errors import ConfigError

CASES = json.loads((Path(__file__).parents[2] / 'data' / 'model_public.json').read_text())

KWARGS = dict(
    num_classes=6,
    c2d_type='slowfast50',
    conv_type=2,
    slowfast_config='SLOWFAST_8x8_R18.yaml',
    slowfast_args=['SLOWFAST.FUSE', 'FuseBiAdd', 'RESNET.WIDTH_PER_GROUP', 8],
    use_bn=1,
    share_classifier=1,
    weight_norm=True,
    hidden_size=16,
)


def run(case):
    (result,) = judge_model.judge([case])
    return result


def compared(case, observed):
    comparison = Comparison(case['tag'])
    compare_model.compare_outputs(case, observed, comparison)
    compare_model.compare_steps(case, observed, comparison)
    return comparison.result()


def observe(case):
    with torch_threads(judge_model.RECORDED_THREADS):
        return judge_model.observe(case)


def record(multi_stream=True, **kwargs):
    """A small case of the golden form, recorded from cslrkit itself."""
    weights = dict(SeqCTC=1.0, ConvCTC=1.0, Dist=25.0)
    norms = dict.fromkeys(['conv2d.s1.pathway0_stem.conv.weight', '__total__'], 0.0)
    case = dict(
        tag='small',
        kwargs={**KWARGS, **kwargs},
        loss_weights=dict(weights, Slow=0.25, Fast=0.25) if multi_stream else weights,
        T=28,
        B=2,
        lens=[28, 24],
        labels=[3, 5, 1],
        label_lengths=[2, 1],
        input_seed=4,
        eval=dict(intermediate=dict.fromkeys(['s1', 's1_fuse', 's5', 'feat'])),
        train=dict(lr=1e-3, weight_decay=1e-4, dropout=0.0, steps=[dict(grad_norms=norms), dict(grad_norms={})]),
        state_dict=[['conv1d.main_temporal_conv.0.weight', []]] if multi_stream else [],
    )
    observed = observe(case)
    case['state_dict'] = observed.shapes
    case['eval'] = dict(
        intermediate={**observed.stages, 'feat': observed.feat},
        feat_len=[float(length) for length in observed.feat_lens],
        conv_logits=observed.logits['conv/main'].transpose(0, 1).tolist(),
        sequence_logits=observed.logits['seq/main'].transpose(0, 1).tolist(),
        recognized=observed.recognized['seq/main'],
        conv_recognized=observed.recognized['conv/main'],
    )
    case['train']['steps'] = [
        dict(loss=step.loss, parts=step.parts, grad_norms=step.grad_norms if index == 0 else {})
        for index, step in enumerate(observed.steps)
    ]
    return case


@pytest.fixture(scope='module')
def small_images():
    """Small images and one thread: a case then takes a fraction of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge_model, '_IMAGE_SIZE', 32)
        patch.setattr(judge_model, 'RECORDED_THREADS', 1)
        yield


@pytest.fixture(scope='module')
def small(small_images):
    return record()


@pytest.mark.slow
@pytest.mark.parametrize('case', CASES, ids=lambda case: case['tag'])
def test_the_golden_file_holds(case):
    result = run(case)
    release_memory()
    assert result.passed, result.failures[:5]


def test_it_recognizes_its_kind():
    assert judge_model.recognizes(CASES)
    assert not judge_model.recognizes([])
    assert not judge_model.recognizes({'cases': CASES})
    assert not judge_model.recognizes([{'kwargs': {}}])


def leaves(value, path=()):
    """Paths of a first, a middle and a last item of every list, and of every dict entry."""
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key], (*path, key))
    elif isinstance(value, list):
        for index in sorted({0, len(value) // 2, len(value) - 1} if value else ()):
            yield from leaves(value[index], (*path, index))
    else:
        yield path


def changed(case, path):
    case = copy.deepcopy(case)
    *parents, last = path
    place = case
    for key in parents:
        place = place[key]
    value = place[last]
    place[last] = value + 'x' if isinstance(value, str) else value * 1.04 + 0.01
    return case


def test_every_recorded_result_is_compared(small):
    case, observed = small, observe(small)
    assert compared(case, observed).passed
    results = ('state_dict', 'eval', 'train')
    paths = [path for name in results for path in leaves(case[name], (name,))]
    # What is given to the run rather than recorded from it:
    paths = [path for path in paths if path[:2] not in [('train', key) for key in ('lr', 'weight_decay', 'dropout')]]
    assert len(paths) > 100
    for path in paths:
        assert not compared(changed(case, path), observed).passed, path


@pytest.mark.slow
@pytest.mark.parametrize(
    ('path', 'value'),
    [
        (('input_seed',), 5),
        (('T',), 32),
        (('B',), 1),
        (('lens',), [28, 20]),
        (('lens',), [24, 24]),
        (('labels',), [3, 4, 1]),
        (('label_lengths',), [1, 2]),
        (('loss_weights', 'Dist'), 24.0),
        (('loss_weights', 'Slow'), 0.3),
        (('loss_weights', 'Slw'), 0.3),
        (('train', 'lr'), 2e-2),
        (('train', 'dropout'), 0.1),
        (('kwargs', 'num_classes'), 7),
        (('kwargs', 'hidden_size'), 32),
        (('kwargs', 'conv_type'), 3),
        (('kwargs', 'conv_type'), 11),
        (('kwargs', 'weight_norm'), False),
        (('kwargs', 'share_classifier'), 2),
        (('kwargs', 'share_classifier'), 0),
        (('kwargs', 'slowfast_config'), 'SLOWFAST_8x8_R50.yaml'),
        (('kwargs', 'slowfast_args'), ['SLOWFAST.FUSE', 'FuseBiAdd2', 'RESNET.WIDTH_PER_GROUP', 8]),
        (('kwargs', 'slowfast_args'), ['SLOWFAST.FUSE', 'FuseBiAdd', 'RESNET.WIDTH_PER_GROUP', 16]),
        (('kwargs', 'c2d_type'), 'slowfast34'),
        (('kwargs', 'extra'), 1),
        (('eval', 'intermediate', 's9'), []),
        (('eval', 'recognized'), [['G001']]),
        (('train', 'steps'), []),
    ],
)
def test_every_input_matters(small, path, value):
    case = copy.deepcopy(small)
    *parents, last = path
    place = case
    for key in parents:
        place = place[key]
    place[last] = value
    assert not run(case).passed


def test_the_small_case_itself_passes(small):
    assert run(small).passed


@pytest.mark.parametrize('field', ['kwargs', 'lens', 'labels', 'eval', 'train', 'state_dict', 'T', 'B', 'input_seed'])
def test_a_malformed_case_fails_without_a_traceback(small, field):
    for broken in ({key: value for key, value in small.items() if key != field}, {**small, field: 'nonsense'}):
        result = run(broken)
        assert not result.passed
        assert result.failures


@pytest.mark.slow
@pytest.mark.parametrize(
    ('multi_stream', 'kwargs'),
    [
        (True, dict(share_classifier=2, weight_norm=False)),
        (True, dict(share_classifier=0, conv_type=6)),
        (False, dict(share_classifier=0, conv_type=0, weight_norm=False)),
    ],
)
def test_other_options_of_the_same_form_run(small_images, multi_stream, kwargs):
    case = record(multi_stream, **kwargs)
    assert run(case).passed
    changed_sharing = copy.deepcopy(case)
    changed_sharing['kwargs']['share_classifier'] = 1
    assert not run(changed_sharing).passed


def test_published_backbone_arguments():
    def translate(config, c2d_type, args=()):
        return slowfast_arguments(dict(slowfast_config=config, c2d_type=c2d_type, slowfast_args=args))

    args = ['SLOWFAST.ALPHA', '8', 'SLOWFAST.FUSION_KERNEL_SZ', 3, 'MODEL.DROPOUT_RATE', 0.1]
    assert translate('SLOWFAST_32x2_R101_50_50.yaml', 'slowfast101', args) == dict(
        depth=101, layout='32x2', alpha=8, fusion_kernel=3, dropout=0.1
    )
    args = ['RESNET.NUM_BLOCK_TEMP_KERNEL', [[3, 3], [4, 4], [2, 2], [1, 1]], 'RESNET.DEPTH', 101]
    assert translate('SLOWFAST_8x8_R50.yaml', 'slowfast101', args) == dict(
        depth=101, layout='8x8', temporal_blocks=[3, 4, 2, 1]
    )
    with pytest.raises(ConfigError, match=r"slowfast_args: got 'RESNET.NUM_GROUPS', which SlowFast has no argument"):
        translate('SLOWFAST_8x8_R50.yaml', 'slowfast50', ['RESNET.NUM_GROUPS', 32])
    with pytest.raises(ConfigError, match=r"c2d_type: got 'slowfast101', expected 'slowfast50'"):
        translate('SLOWFAST_8x8_R50.yaml', 'slowfast101')
