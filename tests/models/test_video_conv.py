import pytest
import torch

from cslrkit.models.backbones.video_conv import VideoConv

KERNELS = [
    dict(kernel_size=(1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)),
    dict(kernel_size=1, stride=(1, 2, 2)),
    dict(kernel_size=(5, 1, 1), stride=(4, 1, 1), padding=(2, 0, 0)),
    dict(kernel_size=(3, 1, 1), padding=(1, 0, 0)),
    dict(kernel_size=(3, 3, 3), padding=1),
]


@pytest.mark.parametrize('arguments', KERNELS)
@pytest.mark.parametrize('layout', [torch.channels_last_3d, torch.contiguous_format])
def test_bfloat16_training_computes_the_convolution(arguments, layout):
    torch.manual_seed(0)
    conv = VideoConv(8, 16, bias=False, **arguments).to(memory_format=torch.channels_last_3d)
    plain = torch.nn.Conv3d(8, 16, bias=False, **arguments)
    plain.load_state_dict(conv.state_dict())
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
