import copy

import pytest
import torch

from cslrkit.registry import BACKBONES


@pytest.mark.parametrize('depth', [18, 50])
@pytest.mark.parametrize('kind', ['SlowFast', 'SlowOnly'])
def test_same_outputs_gradients_and_statistics(kind, depth):
    config = dict(type=kind, depth=depth, width=8, dropout=0.0)
    torch.manual_seed(0)
    plain = BACKBONES.build(config).train()
    for name, parameter in plain.named_parameters():
        if name.endswith('bn.weight'):
            torch.nn.init.uniform_(parameter, 0.5, 1.0)  # the last norm of a block starts at 0
    saving = BACKBONES.build(dict(config, with_cp=True)).train()
    saving.load_state_dict(copy.deepcopy(plain.state_dict()))
    clip = torch.randn(1, 3, 8, 32, 32)
    for network in (plain, saving):
        sum(stream.square().mean() for stream in network(clip).values()).backward()
    for (name, one), other in zip(plain.named_parameters(), saving.parameters()):
        torch.testing.assert_close(other.grad, one.grad, rtol=1e-4, atol=1e-6, msg=name)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(saving.state_dict()[name], value, msg=name)
    assert all(norm.momentum == 0.1 for norm in saving.modules() if isinstance(norm, torch.nn.BatchNorm3d))


def test_blocks_keep_their_inputs_only():
    def saved_bytes(with_cp):
        total = 0

        def pack(tensor):
            nonlocal total
            total += tensor.numel() * tensor.element_size()
            return tensor

        network = BACKBONES.build(dict(type='SlowFast', depth=50, width=8, dropout=0.0, with_cp=with_cp)).train()
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            network(torch.randn(1, 3, 8, 32, 32))
        return total

    assert saved_bytes(True) < 0.6 * saved_bytes(False)
