import copy
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.model import BaseDataPreprocessor
from mmengine.optim import OptimWrapper

from benchmarks.parity.judge_decode import formula_logits
from cslrkit.apis.infer.windows import cut_windows, plan_windows
from cslrkit.decoders import GreedyDecoder
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.models.losses import published_losses
from cslrkit.registry import HEADS, LOSSES, MODELS, NECKS
from cslrkit.structures import GlossSpan, GlossVocab, Hypothesis, SignDataSample, StreamSpec, stream_specs
from cslrkit.structures.padding import pad_clips

GLOSSES = ['ICH', 'DU', 'WETTER', 'MORGEN']
DECODED = json.loads((Path(__file__).parents[1] / 'data' / 'decode_public.json').read_text())['decode']


def config(**changes):
    parts = dict(
        type='CSLRRecognizer',
        backbone=dict(type='SlowFast', depth=18, layout='8x8', width=8),
        neck=dict(type='MultiStreamTemporalConv', hidden_size=16),
        head=dict(type='BiLSTMHead', dropout=0.0),
        losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=25.0, Slow=0.25, Fast=0.25)),
        decoder=dict(type='BeamDecoder', beam_width=10),
        vocab=GLOSSES,
    )
    for path, value in changes.items():
        place, *rest = path.split('__')
        if rest:
            parts[place][rest[0]] = value
        else:
            parts[place] = value
    return parts


def build(**changes):
    torch.manual_seed(0)
    return MODELS.build(config(**changes))


def batch(num_frames=(24, 16), gloss_ids=((1, 2), (3,))):
    torch.manual_seed(1)
    return dict(
        inputs=[torch.randint(0, 256, (frames, 3, 32, 32), dtype=torch.uint8) for frames in num_frames],
        data_samples=[
            SignDataSample.create(f'clip{index}', ids, frame_indices=range(0, 2 * frames, 2), frame_rate=25.0)
            for index, (ids, frames) in enumerate(zip(gloss_ids, num_frames))
        ],
    )


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


def test_every_registered_neck_head_and_loss_is_tested_here():
    def ours(registry):
        return {name for name in registry.names() if registry.lookup(name).__module__.startswith('cslrkit.')}

    assert ours(NECKS) == {'TemporalConv', 'MultiStreamTemporalConv'}
    assert ours(HEADS) == {'BiLSTMHead', 'LinearHead'}
    assert ours(LOSSES) == {'CTCLoss', 'PenaltyLoss', 'SeqKDLoss'}  # PenaltyLoss: test_lift_pool.py


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


@pytest.mark.parametrize('index', range(len(DECODED)))
def test_recorded_decoding_holds_on_the_way_from_logits_to_samples(index):
    """The logits of ctcdecode's recordings take every step of a prediction, in two batches."""
    case = DECODED[index]
    logits = formula_logits(seed=case['seed'], batch=case['B'], steps=case['T'], symbols=case['V'], kind=case['kind'])
    settings = {name: case[name] for name in ('beam_width', 'cutoff_top_n', 'cutoff_prob')}
    decoder = dict(type='BeamDecoder', cutoff_rule='ctcdecode', nbest=min(5, case['beam_width']), **settings)
    model = build(decoder=decoder, vocab=[f'G{symbol}' for symbol in range(1, case['V'])]).eval()
    batches = []
    for clips in torch.arange(case['B']).split(max(1, case['B'] // 2)):
        steps = [case['lens'][clip] for clip in clips]
        given = {name: logits[clips, : max(steps)] for name in model.decode_outputs}
        model.logits = lambda *args, given=given, steps=steps, **kwargs: (given, torch.tensor(steps))
        samples = [SignDataSample.create(str(clip), [1]) for clip in clips.tolist()]
        batches.append(model.encode(torch.zeros(len(clips)), 4 * torch.tensor(steps), samples))
    for sample, beams in zip(model.add_hyps(batches), case['beams']):
        for name in model.decode_outputs:
            for entry, beam in zip(sample.hyps[name].nbest, beams):
                assert (list(entry.gloss_ids), list(entry.timesteps)) == (beam['tokens'], beam['timesteps'])
                assert -entry.score == pytest.approx(beam['neg_log_prob'], abs=1e-3)


def test_confidences_are_added_where_a_decoder_gives_none():
    class Bare(GreedyDecoder):
        def __call__(self, log_probs, feat_lens):
            return [
                Hypothesis([GlossSpan(span.gloss_id, steps=span.steps) for span in hyp], hyp.score)
                for hyp in super().__call__(log_probs, feat_lens)
            ]

    model = build()
    log_probs = torch.tensor([[[0.4, 0.6, 0.0], [0.3, 0.7, 0.0], [0.9, 0.0, 0.1], [0.1, 0.0, 0.9]]]).log()
    (hyp,) = model.decode(log_probs, [4], decoder=Bare())
    assert hyp.confidences == pytest.approx((0.88, 0.9))
