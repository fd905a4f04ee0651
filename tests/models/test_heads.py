import pytest
import torch

from cslrkit.errors import ConfigError
from cslrkit.models.heads.classifiers import NormLinear
from cslrkit.registry import HEADS, NECKS

CHANNELS = {'main': 8, 'slow': 8, 'fast': 8}


def build(kind='BiLSTMHead', channels=CHANNELS, **arguments):
    torch.manual_seed(0)
    return HEADS.build(dict(type=kind, **arguments), default_args=dict(in_channels=channels, num_classes=5))


def steps(num_steps=6, batch_size=2, streams=('main', 'slow', 'fast')):
    torch.manual_seed(1)
    return {stream: torch.randn(batch_size, 8, num_steps) for stream in streams}


def test_logits_of_the_given_streams_alone():
    head = build().eval()
    lens = torch.tensor([6, 4])
    every = head(steps(), lens)
    assert {name: tuple(logits.shape) for name, logits in every.items()} == dict.fromkeys(head.logit_names, (2, 6, 5))
    only = head(steps(streams=('main',)), lens)
    assert set(only) == {'seq/main', 'conv/main'}
    assert torch.equal(only['seq/main'], every['seq/main'])
    assert (head.primary, head.auxiliary) == ('seq/main', 'conv/main')


def test_linear_head_gives_conv_logits():
    head = build('LinearHead')
    logits = head(steps(), torch.tensor([6, 4]))
    assert set(logits) == set(head.logit_names) == {'conv/main', 'conv/slow', 'conv/fast'}
    assert (head.primary, head.auxiliary) == ('conv/main', None)


@pytest.mark.parametrize(('sharing', 'count'), [('none', 6), ('stream', 3), ('all', 1)])
@pytest.mark.parametrize('classifier', ['norm_linear', 'linear'])
def test_a_shared_classifier_is_stored_once(sharing, count, classifier):
    head = build(share_classifier=sharing, classifier=classifier)
    weights = [name for name in head.state_dict() if name.startswith('classifiers') and name.endswith('weight')]
    assert len(weights) == count
    same = head.classifier('seq', 'slow') is head.classifier('conv', 'slow')
    assert same == (sharing != 'none')
    assert (head.classifier('seq', 'slow') is head.classifier('conv', 'main')) == (sharing == 'all')


def test_padded_steps_are_zero_before_the_classifier():
    head = build(classifier='linear').eval()
    logits = head(steps(streams=('main',)), torch.tensor([4, 2]))['seq/main']
    assert logits.shape == (2, 6, 5)  # as long as the batch, not as its longest clip
    bias = head.classifier('seq', 'main').bias
    torch.testing.assert_close(logits[0, 4:], bias.expand(2, 5))
    torch.testing.assert_close(logits[1, 2:], bias.expand(4, 5))


def test_norm_linear_is_a_cosine_times_the_length_of_the_feature():
    layer = NormLinear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[3.0], [4.0]]))  # unit vector (0.6, 0.8)
    assert layer(torch.tensor([[1.0, 2.0]])).item() == pytest.approx(0.6 + 1.6)


def test_a_padded_batch_equals_its_clips_alone():
    torch.manual_seed(0)
    neck = NECKS.build(dict(type='MultiStreamTemporalConv', hidden_size=8, in_channels={'slow': 6, 'fast': 2})).eval()
    head = build().eval()
    feats = {'slow': torch.randn(2, 6, 36), 'fast': torch.randn(2, 2, 36)}
    frame_lens = torch.tensor([24, 36])  # not sorted
    with torch.no_grad():
        outputs, lens = neck(feats, frame_lens)
        batch = head(outputs, lens)
        for index, frames in enumerate(frame_lens.tolist()):
            alone_feats = {name: feat[index : index + 1, :, :frames] for name, feat in feats.items()}
            alone_steps, alone_lens = neck(alone_feats, frame_lens[index : index + 1])
            assert alone_lens.tolist() == [lens[index]]
            for name, logits in head(alone_steps, alone_lens).items():
                torch.testing.assert_close(logits[0], batch[name][index, : lens[index]])


def test_half_precision_on_the_cpu_runs_the_lstm_in_float32():
    head = build().eval()
    lens = torch.tensor([6, 4])
    expected = head(steps(), lens)
    for dtype in (torch.float16, torch.bfloat16):
        with torch.autocast('cpu', dtype=dtype):
            logits = head({name: feats.to(dtype) for name, feats in steps().items()}, lens)
        torch.testing.assert_close(logits['seq/main'].float(), expected['seq/main'], atol=0.05, rtol=0.05)


def test_one_direction_and_another_width():
    head = build(bidirectional=False, hidden_size=7, num_layers=1, share_classifier='none')
    assert head(steps(), torch.tensor([6, 4]))['seq/fast'].shape == (2, 6, 5)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(hidden_size=7), 'hidden_size: got 7, expected an even number'),
        (dict(hidden_size=6), r"share_classifier: 'stream' shares a classifier of 6 channels with conv/main"),
        (dict(share_classifier='both'), "share_classifier: got 'both', expected one of 'none', 'stream', 'all'"),
        (dict(classifier='cosine'), "classifier: got 'cosine', expected one of"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        build(**arguments)


def test_sharing_between_streams_needs_equal_channels():
    with pytest.raises(ConfigError, match=r"'all' shares a classifier of 8 channels with seq/slow, which has 6"):
        build(channels={'main': 8, 'slow': 6}, share_classifier='all')
