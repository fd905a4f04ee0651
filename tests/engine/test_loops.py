"""Loops that decode many clips at a time find what the plain loops find."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.runner import loops

from cslrkit.engine import ChunkedTestLoop, ChunkedValLoop
from cslrkit.engine.loops import check_evaluators
from cslrkit.errors import ConfigError
from cslrkit.evaluation import WERMetric
from cslrkit.models.recognizers import CSLRRecognizer
from cslrkit.registry import MODELS
from cslrkit.structures import SignDataSample

NUM_FRAMES = ((24, 16), (40, 20), (16, 36), (28,))


class Recorder(BaseMetric):
    """Keeps what it is given, and how many samples at a time."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def process(self, data_batch, data_samples):
        self.calls.append(len(data_samples))
        self.results.extend((sample['sample_id'], sample['hyps']) for sample in data_samples)

    def compute_metrics(self, results):
        return dict(results=results)


class Loader(list):
    dataset = None


class Dataset(list):
    metainfo = {}


@pytest.fixture(scope='module')
def recognizer():
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='CSLRRecognizer',
            backbone=dict(type='ResNet', depth=18),
            neck=dict(type='TemporalConv', hidden_size=16),
            head=dict(type='BiLSTMHead', dropout=0.0),
            losses=[],
            decoder=dict(type='BeamDecoder', nbest=2),
            vocab=[f'G{index}' for index in range(1, 9)],
        )
    )


def loader():
    generator = torch.Generator().manual_seed(3)
    batches = Loader()
    for number, lengths in enumerate(NUM_FRAMES):
        clips = [torch.randint(0, 256, (n, 3, 32, 32), dtype=torch.uint8, generator=generator) for n in lengths]
        samples = [
            SignDataSample.create(f'{number}-{index}', [1], frame_indices=range(n), frame_rate=25.0)
            for index, n in enumerate(lengths)
        ]
        batches.append(dict(inputs=clips, data_samples=samples))
    batches.dataset = Dataset(range(sum(map(len, NUM_FRAMES))))
    return batches


def run(kind, model, **settings):
    hooks, metric = [], Recorder()
    runner = SimpleNamespace(
        model=model,
        visualizer=SimpleNamespace(),
        call_hook=lambda name, **kwargs: hooks.append((name, len(kwargs.get('outputs') or ()))),
    )
    loop = kind(runner, loader(), evaluator=Evaluator([metric]), **settings)
    return loop.run()['results'], metric.calls, hooks


@pytest.mark.parametrize(
    ('kind', 'plain', 'stage'), [(ChunkedValLoop, loops.ValLoop, 'val'), (ChunkedTestLoop, loops.TestLoop, 'test')]
)
@pytest.mark.parametrize(('chunk', 'calls'), [(1, [2, 2, 2, 1]), (2, [2, 2, 2, 1]), (3, [4, 3]), (64, [7])])
def test_any_chunk_gives_the_results_of_the_plain_loop(recognizer, kind, plain, stage, chunk, calls):
    expected, _, hooks = run(plain, recognizer)
    found, found_calls, found_hooks = run(kind, recognizer, decode_chunk=chunk)
    assert found == expected
    assert len(found[0][1]['seq/main'].gloss_ids) > 0
    assert found_calls == calls
    assert found_hooks == hooks
    assert (f'after_{stage}_iter', 2) in hooks


def test_a_run_that_broke_off_leaves_nothing_behind(recognizer):
    runner = SimpleNamespace(model=recognizer, visualizer=SimpleNamespace(), call_hook=lambda name, **kwargs: None)
    loop = ChunkedTestLoop(runner, loader(), evaluator=Evaluator([Recorder()]))
    recognizer.eval()
    loop.run_iter(0, loop.dataloader[0])
    assert [name for name, _ in loop.run()['results']] == ['0-0', '0-1', '1-0', '1-1', '2-1', '2-0', '3-0']


@pytest.mark.parametrize('method', ['predict', 'test_step', 'forward'])
def test_a_recognizer_that_predicts_in_its_own_way_is_left_to_it(recognizer, monkeypatch, method):
    def silent(self, *args, **kwargs):
        samples = getattr(CSLRRecognizer, method)(self, *args, **kwargs)
        for sample in samples:
            sample.hyps = {}
        return samples

    monkeypatch.setattr(recognizer, '__class__', type('Silent', (CSLRRecognizer,), {method: silent}))
    found, calls, _ = run(ChunkedTestLoop, recognizer)
    assert calls == [2, 2, 2, 1]
    assert all(hyps == {} for _, hyps in found)


def test_a_val_step_of_its_own_counts_in_validation_alone(recognizer, monkeypatch):
    class Counting(CSLRRecognizer):
        steps = 0

        def val_step(self, data):
            Counting.steps += 1
            return super().val_step(data)

    monkeypatch.setattr(recognizer, '__class__', Counting)
    assert run(ChunkedTestLoop, recognizer)[1] == [7]
    assert (run(ChunkedValLoop, recognizer)[1], Counting.steps) == ([2, 2, 2, 1], 4)


def test_hooks_on_the_recognizer_are_called(recognizer):
    seen = []
    handle = recognizer.register_forward_hook(lambda *args: seen.append(1))
    run(ChunkedTestLoop, recognizer)
    handle.remove()
    assert len(seen) == 4


@pytest.mark.parametrize(
    ('evaluator', 'message'),
    [
        (
            dict(type='WERMetric', primary='seq/slow'),
            r"^val_evaluator\.primary: got 'seq/slow', expected one of 'seq/main'",
        ),
        (
            [dict(type='WERMetric'), dict(type='WERMetric', auxiliary='conv/fast')],
            r"^val_evaluator\[1\]\.auxiliary: got 'conv/fast', expected one of",
        ),
        (WERMetric(primary='seq'), r"^val_evaluator\.primary: got 'seq'.* Did you mean 'seq/main'"),
        (Evaluator([WERMetric(auxiliary='con')]), r"^val_evaluator\[0\]\.auxiliary: got 'con'"),
    ],
)
def test_evaluators_that_score_what_is_not_decoded(recognizer, evaluator, message):
    with pytest.raises(ConfigError, match=message):
        check_evaluators(recognizer, val_evaluator=evaluator)


def test_evaluators_that_fit(recognizer):
    fitting = [dict(type='WERMetric'), dict(type='WERMetric', primary='conv/main', auxiliary=None), Recorder()]
    check_evaluators(recognizer, val_evaluator=fitting, test_evaluator=None)
    check_evaluators(torch.nn.Linear(1, 1), val_evaluator=dict(type='WERMetric', primary='x'))


def test_wrong_chunk(recognizer):
    with pytest.raises(ConfigError, match=r'decode_chunk.*got 0, expected 1, 2, ... clips'):
        run(ChunkedValLoop, recognizer, decode_chunk=0)
