"""An LSTM over padded clips gives what torch's gives over a packed sequence."""

import pytest
import torch
from torch import nn

from cslrkit.models.heads.padded_lstm import PaddedLSTM


def run_torch(rnn, steps, lens):
    packed = nn.utils.rnn.pack_padded_sequence(steps, lens, batch_first=True, enforce_sorted=False)
    return nn.utils.rnn.pad_packed_sequence(rnn(packed)[0], batch_first=True, total_length=steps.shape[1])[0]


def make_pair(**options):
    torch.manual_seed(0)
    ours = PaddedLSTM(6, 5, **options)
    single = options['num_layers'] == 1
    theirs = nn.LSTM(6, 5, batch_first=True, **{**options, 'dropout': 0.0 if single else options['dropout']})
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
