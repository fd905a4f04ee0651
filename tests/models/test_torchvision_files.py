from urllib.error import URLError

import pytest
import torch
import torchvision

from cslrkit.errors import CheckpointError
from cslrkit.models.backbones import ResNet
from cslrkit.models.weights import read_weights
from cslrkit.models.weights.torchvision_files import local_file


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Where torch keeps downloads."""
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    return tmp_path / 'checkpoints'


def test_a_path_stays_what_it_is():
    assert local_file('weights/resnet18.pth') == 'weights/resnet18.pth'


def test_weights_are_downloaded_once(hub, monkeypatch):
    torch.manual_seed(0)
    source = torchvision.models.resnet18()
    asked = []

    def download(url, target, hash_prefix):
        asked.append((url, hash_prefix))
        torch.save(source.state_dict(), target)

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    for _ in range(2):
        backbone = ResNet(init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet18'))
        backbone.init_weights()
    # The file that VAC_CSLR and CorrNet start from.
    assert asked == [('https://download.pytorch.org/models/resnet18-f37072fd.pth', 'f37072fd')]
    assert torch.equal(backbone.net.layer4[1].conv2.weight, source.layer4[1].conv2.weight)


def test_without_a_network_the_file_to_put_there_is_named(hub, monkeypatch):
    def download(*args, **kwargs):
        raise URLError('no route to host')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    with pytest.raises(
        CheckpointError, match=r'no route.*put https://download\S+resnet18-f37072fd.pth into .*checkpoints'
    ):
        read_weights('torchvision://resnet18')


def test_a_misspelt_model_is_named(hub):
    with pytest.raises(CheckpointError, match=r"no ImageNet weights of 'resnet19'. Did you mean 'resnet1"):
        read_weights('torchvision://resnet19')
