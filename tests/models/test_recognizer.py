import copy
import math

import numpy as np
import pytest
import torch
from mmengine.model import BaseDataPreprocessor
from mmengine.optim import OptimWrapper
from small_recognizers import GLOSSES, batch, build, config

from cslrkit.apis.infer.windows import cut_windows, plan_windows
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.structures import GlossVocab, SignDataSample, StreamSpec, stream_specs
from cslrkit.structures.padding import pad_clips


def count_calls(module):
    calls = []
    module.register_forward_hook(lambda *args: calls.append(1))
    return calls


@pytest.mark.parametrize('backbone', ['SlowFast', 'SlowOnly', 'ResNet'])
@pytest.mark.parametrize('head', ['BiLSTMHead', 'LinearHead'])
def test_parts_fit_without_stating_a_dimension(backbone, head):
    width = {} if backbone == 'ResNet' else dict(width=8)
    model = build(
        backbone=dict(type=backbone, depth=18, **width),
        neck=dict(type='TemporalConv', hidden_size=16),
        head=dict(type=head),
        losses=[dict(type='CTCLoss', source='conv/main')],
    )
    results = model.eval().test_step(batch())
    assert set(results[0].hyps) == {name for name in (model.head.primary, model.head.auxiliary) if name}


def test_a_training_step_sums_exactly_the_configured_losses():
    model = build().train()
    before = copy.deepcopy(model.state_dict())
    log = model.train_step(batch(), OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1)))
    names = [loss['name'] for loss in config()['losses']]
    assert list(log) == ['loss', *names]
    assert log['loss'] == pytest.approx(sum(log[name] for name in names), rel=1e-5)
    for name in ('backbone.s1.pathway0_stem.conv.weight', 'neck.stacks.slow.0.weight', 'head.classifiers.fast.weight'):
        assert not torch.equal(before[name], model.state_dict()[name])


def test_weights_multiply_the_losses():
    one = [dict(type='CTCLoss', source='seq/main', weight=weight, name='ctc') for weight in (1.0, 3.0)]
    values = [build(losses=[loss]).eval() for loss in one]
    data = values[0].data_preprocessor(batch())
    single, triple = (model(**data, mode='loss')['ctc'].item() for model in values)
    assert triple == pytest.approx(3 * single)


def test_prediction_leaves_the_auxiliary_streams_out():
    model = build().eval()
    auxiliary = [
        count_calls(module[name]) for module in (model.neck.stacks, model.head.rnns) for name in ('slow', 'fast')
    ]
    main = count_calls(model.neck.stacks['main'])
    results = model.test_step(batch())
    assert auxiliary == [[], [], [], []]
    assert len(main) == 1
    model.loss(**model.data_preprocessor(batch()))
    assert [len(calls) for calls in auxiliary] == [1, 1, 1, 1]
    for sample in results:
        hyp = sample.hyps['seq/main']
        assert hyp.glosses == tuple(GLOSSES[gloss_id - 1] for gloss_id in hyp.gloss_ids)
        assert hyp.time_spans == [(start / 25.0, end / 25.0) for start, end in hyp.frame_spans]
        assert len(hyp.frame_spans) == len(hyp.glosses)


def test_spans_are_frames_of_the_source_video():
    model = build(vocab=['A']).eval()
    # A head that sees the gloss at every step: one gloss, all frames of the clip, every second one of the video.
    model.head.forward = lambda feats, lens: {
        name: torch.tensor([0.0, 9.0]).expand(len(lens), int(lens.max()), 2) for name in model.head.logit_names
    }
    (result,) = model.test_step(batch(num_frames=(24,), gloss_ids=((1,),)))
    assert result.hyps['seq/main'].glosses == ('A',)
    assert result.hyps['seq/main'].frame_spans == ((0, 47),)
    bare = SignDataSample.create('bare', [1])
    (result,) = model.predict(torch.zeros(1, 36, 3, 32, 32), torch.tensor([36]), [bare])
    assert result.hyps['seq/main'].frame_spans == ((0, 24),)


def test_a_batch_predicts_as_its_clips_alone():
    model = build().eval()
    data = batch()
    together = model.test_step(copy.deepcopy(data))
    for sample in together:
        index = int(sample.sample_id[-1])
        alone = model.test_step({key: [copy.deepcopy(value[index])] for key, value in data.items()})
        assert alone[0].hyps['seq/main'].gloss_ids == sample.hyps['seq/main'].gloss_ids
        assert alone[0].hyps['seq/main'].score == pytest.approx(sample.hyps['seq/main'].score, abs=1e-3)


def test_tensor_mode_gives_every_logit():
    model = build().eval()
    data = model.data_preprocessor(batch())
    logits, feat_lens = model(data['inputs'], data['frame_lens'])
    assert set(logits) == set(model.head.logit_names)
    assert feat_lens.tolist() == [6, 4]
    with pytest.raises(ConfigError, match="mode='predict_all'"):
        model(data['inputs'], data['frame_lens'], mode='predict_all')


@pytest.mark.parametrize('alpha', [1, 2, 3, 6, 8, 12, 16])
@pytest.mark.parametrize('kind', ['SlowFast', 'SlowOnly'])
@torch.no_grad()
def test_windows_in_phase_give_what_the_whole_clip_gives(kind, alpha):
    fewer = dict(temporal_blocks=[1, 1, 1, 1], dropout=0.0) if kind == 'SlowFast' else dict(dropout=0.0)
    model = build(
        backbone=dict(type=kind, depth=18, width=8, alpha=alpha, **fewer),
        neck=dict(type='TemporalConv', kernel_spec=['K3', 'P2'], hidden_size=8),
        head=dict(type='LinearHead'),
        losses=[],
    ).eval()
    assert model.frames_in_phase == math.lcm(alpha, 2)
    # Frames on either side that a step depends on, at most: four slow steps, and what is around them.
    margin = 5 * alpha + 24
    clip = torch.randn(5 * margin + 90, 3, 32, 32)
    plan = plan_windows(2 * margin + 64, margin, rate=1, align=model.frames_in_phase)

    def steps(frames):
        padded, lens = pad_clips([frames], model.neck.temporal_spec)
        return model.logits(padded, lens)[0]['conv/main'][0]

    whole, starts = steps(clip), []
    for window in cut_windows(range(len(clip)), plan):
        first, count = window.start // 2, -(-len(window.frames) // 2)
        start, end = (margin // 2 if first else 0), (count - margin // 2 if first + count < len(whole) else count)
        given = steps(clip[window.frames])
        torch.testing.assert_close(given[start:end], whole[first + start : first + end], rtol=1e-4, atol=1e-4)
        assert end - start >= 8
        starts.append(window.start)
    assert len(starts) > 1


def test_a_backbone_with_channels_alone_still_works():
    network = torch.nn.Module()
    network.out_channels = {'main': 4}
    assert stream_specs(network) == {'main': StreamSpec(4)}
    network.stream_specs = {'main': StreamSpec(5)}
    with pytest.raises(ConfigError, match=r"Module: got out_channels=\{'main': 4\}, but stream_specs"):
        stream_specs(network)
    with pytest.raises(ConfigError, match=r'Module\.stream_specs: got None, expected a dict such as'):
        stream_specs(torch.nn.Module())
    with pytest.raises(ConfigError, match=r'StreamSpec\.stride: got 0, expected a positive integer'):
        StreamSpec(4, stride=0)


def test_a_clip_with_too_few_steps_is_named():
    # 16 frames leave 4 steps; three glosses and two blanks between equal neighbours need 5.
    data = batch(gloss_ids=((1, 2), (3, 3, 3)))
    model = build().eval()
    with pytest.raises(DataError, match=r"sample 'clip1': got 4 feature steps, but its 3 glosses need 5"):
        model.loss(**model.data_preprocessor(data))
    lenient = build(on_short_clip='infinite_loss').eval()
    assert torch.isinf(lenient.loss(**lenient.data_preprocessor(data))['seq_ctc_main'])


def test_a_clip_that_only_augmentation_shortened_gives_an_infinite_loss():
    data = batch(gloss_ids=((1, 2), (3, 3, 3)))
    data['data_samples'][1].set_metainfo(dict(clip_len=20))  # 20 frames would leave the 5 steps
    model = build().eval()
    assert torch.isinf(model.loss(**model.data_preprocessor(data))['seq_ctc_main'])


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(backbone__dept=18), r"^model\.backbone\.dept: SlowFast has no argument 'dept'. Did you mean 'depth'"),
        (dict(backbone__depth=34), r'^model\.backbone\.depth: got 34, expected one of 18, 50, 101'),
        (dict(backbone__type='SlowFats'), r"^model\.backbone\.type: 'SlowFats' is not registered.*'SlowFast'"),
        (dict(neck__kernel_spec=['K4']), r"^model\.neck: kernel spec: got 'K4'"),
        (dict(head__share_classifier='both'), r"^model\.head\.share_classifier: got 'both'"),
        (dict(head=None), r'^model\.head: .*expected a dict'),
        (dict(losses=[dict(type='CTCLoss', source='seq/mian')]), r"^model\.losses\[0\]\.source: .*'seq/main'"),
        (dict(losses=[dict(type='CTCLoss', source='seq/main', name='loss')]), r"^model\.losses\[0\]\.name: got 'loss'"),
        (dict(losses=[dict(type='CTCLoss', source='seq/main')] * 2), r'^model\.losses\[1\]\.name: got'),
        (dict(decoder__type='BeamDecoderr'), r"^model\.decoder\.type: 'BeamDecoderr' is not registered"),
        (dict(decode_outputs=['seq/slow']), r"^model\.decode_outputs: got 'seq/slow', expected one of 'seq/main'"),
        (dict(data_preprocessor=dict(type='SignDataPreprocessor', men=1)), r"^model\.data_preprocessor\.men: .*'mean'"),
    ],
)
def test_errors_name_the_place_in_the_config(changes, message):
    with pytest.raises(ConfigError, match=message):
        build(**changes)


def test_other_errors_keep_their_class():
    with pytest.raises(DataNotFoundError, match=r"^model\.vocab: .*'nowhere\.npy' does not exist"):
        build(vocab='nowhere.npy')
    with pytest.raises(ValueError, match=r'^model\.backbone: dropout probability'):
        build(backbone__dropout=2.0)


def test_training_needs_losses_and_samples():
    model = build(losses=[]).eval()
    data = model.data_preprocessor(batch())
    with pytest.raises(ConfigError, match=r'^model\.losses: the recognizer has none'):
        model(**data, mode='loss')
    with pytest.raises(DataError, match='got no data samples for 2 clips'):
        model.predict(data['inputs'], data['frame_lens'], None)


def test_a_vocabulary_in_each_of_its_forms(tmp_path):
    path = tmp_path / 'gloss_dict.npy'
    np.save(path, {gloss: [index + 1, 3] for index, gloss in enumerate(GLOSSES)}, allow_pickle=True)
    expected = GlossVocab.from_list(GLOSSES)
    for form in (str(path), path, GLOSSES, {gloss: index + 1 for index, gloss in enumerate(GLOSSES)}, expected):
        assert GlossVocab.of(form) == expected
    assert build(vocab=str(path)).vocab == expected


def test_a_preprocessor_instance_is_taken_as_it_is():
    preprocessor = BaseDataPreprocessor()
    assert build(data_preprocessor=preprocessor).data_preprocessor is preprocessor
    # The default one is told the neck's geometry.
    assert build(neck__kernel_spec=['K3']).data_preprocessor.temporal_spec.left_pad == 1
