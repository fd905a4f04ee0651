"""On a CPU, converted layers compute what they did before."""

import copy

import pytest
import torch
from torch import nn

from cslrkit.models.data_preprocessor import SignDataPreprocessor
from cslrkit.models.heads.padded_lstm import PaddedLSTM
from cslrkit.models.speed import prepare_for_cpu
from cslrkit.models.speed.cpu import FlatConv3d, TablePreprocessor, WholeClipLSTM
from cslrkit.structures import SignDataSample
from cslrkit.structures.temporal_spec import TemporalSpec

KERNELS = [
    dict(kernel_size=(1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)),
    dict(kernel_size=1, stride=(1, 2, 2)),
    dict(kernel_size=1, padding=(1, 0, 0)),
    dict(kernel_size=(5, 1, 1), stride=(4, 1, 1), padding=(2, 0, 0)),
    dict(kernel_size=(3, 1, 1), padding=(1, 0, 0)),
    dict(kernel_size=(3, 3, 3), padding=1),
]


@pytest.mark.parametrize('arguments', KERNELS)
@pytest.mark.parametrize('layout', [torch.channels_last_3d, torch.contiguous_format])
def test_bfloat16_training_computes_the_convolution(arguments, layout):
    torch.manual_seed(0)
    conv = nn.Conv3d(8, 16, bias=False, **arguments).to(memory_format=torch.channels_last_3d)
    plain = nn.Conv3d(8, 16, bias=False, **arguments)
    plain.load_state_dict(conv.state_dict())
    prepare_for_cpu(conv)
    assert (type(conv) is FlatConv3d) == (arguments['kernel_size'] != (3, 3, 3))
    clip = torch.randn(2, 8, 9, 6, 6).bfloat16()
    inputs = [clip.clone(memory_format=layout).requires_grad_(), clip.float().requires_grad_()]
    with torch.autocast('cpu', torch.bfloat16):
        got = conv(inputs[0])
    expected = plain(inputs[1])
    assert got.shape == expected.shape
    assert got.dtype == torch.bfloat16
    torch.testing.assert_close(got.float(), expected, rtol=2e-2, atol=2e-2)
    for output in (got.float(), expected):
        output.square().sum().backward()
    scale = plain.weight.grad.abs().max().item()
    torch.testing.assert_close(conv.weight.grad, plain.weight.grad, rtol=2e-2, atol=2e-2 * scale)
    scale = inputs[1].grad.abs().max().item()
    torch.testing.assert_close(inputs[0].grad.float(), inputs[1].grad, rtol=2e-2, atol=2e-2 * scale)
    if layout is torch.channels_last_3d:
        assert got.is_contiguous(memory_format=layout)


@pytest.mark.parametrize(
    'arguments',
    [
        dict(kernel_size=1, bias=True),
        dict(kernel_size=1, groups=2),
        dict(kernel_size=(1, 3, 3), padding=1),
        dict(kernel_size=(1, 3, 3), dilation=(1, 2, 2)),
        dict(kernel_size=(3, 1, 1), padding=(1, 1, 1)),
        dict(kernel_size=(3, 1, 1), padding='same'),
        dict(kernel_size=(1, 3, 3), padding=(0, 1, 1), padding_mode='replicate'),
    ],
)
def test_other_convolutions_stay(arguments):
    conv = nn.Conv3d(8, 16, **{'bias': False, **arguments})
    assert type(prepare_for_cpu(conv)) is nn.Conv3d


def run_torch(rnn, steps, lens):
    packed = nn.utils.rnn.pack_padded_sequence(steps, lens, batch_first=True, enforce_sorted=False)
    return nn.utils.rnn.pad_packed_sequence(rnn(packed)[0], batch_first=True, total_length=steps.shape[1])[0]


def make_pair(**options):
    torch.manual_seed(0)
    options['dropout'] *= options['num_layers'] > 1  # there is none after the last layer
    ours = prepare_for_cpu(PaddedLSTM(6, 5, batch_first=True, **options))
    assert type(ours) is WholeClipLSTM
    theirs = nn.LSTM(6, 5, batch_first=True, **options)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@pytest.mark.parametrize('lens', [(4, 9, 1, 7), (9, 9, 9, 9), (9, 8, 8, 2)])
@pytest.mark.parametrize('num_layers', [1, 3])
@pytest.mark.parametrize('bidirectional', [True, False])
@pytest.mark.parametrize('training', [True, False])
def test_results_gradients_and_dropped_features(lens, num_layers, bidirectional, training):
    ours, theirs = make_pair(num_layers=num_layers, bidirectional=bidirectional, dropout=0.3)
    lens, found = torch.tensor(lens), []
    steps, weights = torch.randn(4, 9, 6), torch.randn(4, 9, 10 if bidirectional else 5)
    for rnn, run in ((ours, ours), (theirs, lambda *given: run_torch(theirs, *given))):
        rnn.train(training)
        inputs = steps.clone().requires_grad_()
        torch.manual_seed(1)  # what is dropped
        outputs = run(inputs, lens)
        (outputs * weights).sum().backward()
        found.append((outputs.detach(), inputs.grad, [parameter.grad for parameter in rnn.parameters()]))
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-5)


def test_padded_steps_are_zero_whatever_they_hold():
    rnn, _ = make_pair(num_layers=2, bidirectional=True, dropout=0.0)
    steps, lens = torch.randn(2, 6, 6), torch.tensor([6, 4])
    expected = rnn(steps, lens)
    steps[1, 4:] = float('nan')
    outputs = rnn(steps, lens)
    assert torch.equal(outputs, expected)
    assert not outputs[1, 4:].any()
    outputs.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in rnn.parameters())


def pixels(length, channels, *, channels_last):
    clip = torch.randint(0, 256, (length, 16, 20, channels), dtype=torch.uint8).permute(0, 3, 1, 2)
    return clip if channels_last else clip.contiguous()


@pytest.mark.parametrize('channels_last', [False, True])
@pytest.mark.parametrize(
    ('channels', 'statistics'),
    [
        (3, dict(mean=0.45, std=0.225)),
        (3, dict(mean=[0.4, 0.5, 0.6], std=[0.2, 0.3, 0.4])),
        (1, dict(mean=0.5, std=0.5)),
        (5, dict(mean=[0.1, 0.2, 0.3, 0.4, 0.5], std=0.2)),
    ],
)
def test_a_table_gives_the_bits_of_normalizing(channels_last, channels, statistics):
    every_value = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).repeat(1, channels, 1, 1)
    clips = [pixels(length, channels, channels_last=channels_last) for length in (13, 8, 1)]
    clips[2][0, :, :, :16] = every_value
    data = dict(inputs=clips, data_samples=[SignDataSample.create(name, []) for name in 'abc'])
    plain = SignDataPreprocessor(**statistics, temporal_spec=TemporalSpec(('K3', 'P2')))
    table = prepare_for_cpu(copy.deepcopy(plain))
    assert type(table) is TablePreprocessor
    expected, got = plain(data), table(data)
    assert torch.equal(got['inputs'], expected['inputs'])
    assert got['inputs'].stride() == expected['inputs'].stride()
    assert torch.equal(got['frame_lens'], expected['frame_lens'])
