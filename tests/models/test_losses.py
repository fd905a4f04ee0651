import math

import pytest
import torch

from cslrkit.errors import ConfigError
from cslrkit.models.losses import published_losses
from cslrkit.registry import LOSSES


def test_ctc_by_hand():
    # Two steps, blank and one gloss; p(gloss) = 0.75 and 0.5. The paths of "1" are (1, 1), (1, blank)
    # and (blank, 1): 0.75 * 0.5 + 0.75 * 0.5 + 0.25 * 0.5 = 0.875.
    # The second clip has one step and the gloss there: p = 0.2.
    probs = torch.tensor([[[0.25, 0.75], [0.5, 0.5]], [[0.8, 0.2], [0.5, 0.5]]])
    loss = LOSSES.build(dict(type='CTCLoss', source='seq/main', weight=3.0))
    value = loss({'seq/main': probs.log()}, torch.tensor([2, 1]), [torch.tensor([1]), torch.tensor([1])])
    # Summed over a clip, averaged over the batch, without the weight and the target length.
    assert value.item() == pytest.approx((-math.log(0.875) - math.log(0.2)) / 2)
    assert loss.weight == 3.0


def test_ctc_is_not_divided_by_the_target_length():
    # One path only: 1, 2 in two steps of probability 0.5 each.
    logits = torch.log(torch.tensor([[[0.25, 0.5, 0.25], [0.25, 0.25, 0.5]]]))
    loss = LOSSES.build(dict(type='CTCLoss', source='x'))
    assert loss({'x': logits}, torch.tensor([2]), [torch.tensor([1, 2])]).item() == pytest.approx(-math.log(0.25))


def test_ctc_runs_in_float32_and_is_infinite_for_a_short_clip():
    logits = torch.randn(1, 2, 4).half()
    loss = LOSSES.build(dict(type='CTCLoss', source='x'))
    value = loss({'x': logits}, torch.tensor([2]), [torch.tensor([1, 1])])
    assert value.dtype == torch.float32
    assert torch.isinf(value)


def test_distillation_by_hand():
    # Temperature 1 with the blank: teacher (0.5, 0.5), student (0.25, 0.75) at one step,
    # equal at the other: KL = 0.5 ln 2 + 0.5 ln (2 / 3), averaged over two steps.
    student = torch.tensor([[[0.25, 0.75], [0.5, 0.5]]]).log()
    teacher = torch.tensor([[[0.5, 0.5], [0.5, 0.5]]]).log()
    logits = {'conv/main': student.requires_grad_(), 'seq/main': teacher.requires_grad_()}
    loss = LOSSES.build(dict(type='SeqKDLoss', temperature=1.0, use_blank=True))
    value = loss(logits, torch.tensor([2]), [])
    assert value.item() == pytest.approx((0.5 * math.log(2) + 0.5 * math.log(2 / 3)) / 2)
    value.backward()
    assert student.grad is not None
    assert teacher.grad is None


def test_distillation_softens_and_leaves_the_blank_out():
    # Without the blank the classes are 1 and 2. Logits / 2: teacher (0, ln 3) -> (1/4, 3/4),
    # student (0, 0) -> (1/2, 1/2); KL = 1/4 ln (1/2) + 3/4 ln (3/2), times 2^2.
    teacher = torch.tensor([[[9.0, 0.0, 2 * math.log(3)]]])
    student = torch.tensor([[[-5.0, 0.0, 0.0]]])
    loss = LOSSES.build(dict(type='SeqKDLoss', source='a', teacher='b', temperature=2.0))
    value = loss({'a': student, 'b': teacher}, torch.tensor([1]), [])
    assert value.item() == pytest.approx(4 * (0.25 * math.log(0.5) + 0.75 * math.log(1.5)))
    assert loss.sources == ('a', 'b')


def test_the_published_weights_give_nine_losses():
    losses = published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=25.0, Slow=0.25, Fast=0.25))
    weights = {loss['name']: loss['weight'] for loss in losses}
    assert weights == {
        'seq_ctc_main': 1.0,
        'conv_ctc_main': 1.0,
        'dist_main': 25.0,
        'seq_ctc_slow': 0.25,
        'conv_ctc_slow': 0.25,
        'dist_slow': 6.25,
        'seq_ctc_fast': 0.25,
        'conv_ctc_fast': 0.25,
        'dist_fast': 6.25,
    }
    for loss in losses:
        assert LOSSES.build(dict(loss)).name == loss['name']
    with pytest.raises(ConfigError, match="got the loss weight 'Seq'"):
        published_losses(dict(Seq=1.0))


def test_wrong_arguments_are_named():
    with pytest.raises(ConfigError, match='weight: got -1, expected a number that is not negative'):
        LOSSES.build(dict(type='CTCLoss', source='x', weight=-1))
    with pytest.raises(ConfigError, match='temperature: got 0, expected a positive number'):
        LOSSES.build(dict(type='SeqKDLoss', temperature=0))
    with pytest.raises(ConfigError, match="source: CTCLoss needs the argument 'source'"):
        LOSSES.build(dict(type='CTCLoss'))
