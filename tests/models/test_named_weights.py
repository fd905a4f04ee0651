import pickle
from urllib.error import URLError

import pytest
import torch
import torchvision

from cslrkit.errors import CheckpointError
from cslrkit.models.backbones import ResNet, SlowFast
from cslrkit.models.weights import read_weights
from cslrkit.models.weights.files import local_file


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
    with pytest.raises(CheckpointError, match=r"torchvision has no weights of 'resnet19'. Did you mean 'resnet1"):
        read_weights('torchvision://resnet19')


def test_pyslowfast_weights_are_found_by_name(hub, monkeypatch):
    torch.manual_seed(0)
    source = SlowFast(18, width=8)
    hub.mkdir()
    blobs = {'conv1_w': source.s1.pathway0_stem.conv.weight.detach().numpy()}
    (hub / 'SLOWFAST_64x2_R101_50_50.pkl').write_bytes(pickle.dumps(dict(blobs=blobs)))
    backbone = SlowFast(
        18, width=8, init_cfg=dict(type='Pretrained', checkpoint='pyslowfast://SLOWFAST_64x2_R101_50_50')
    )
    assert not torch.equal(backbone.s1.pathway0_stem.conv.weight, source.s1.pathway0_stem.conv.weight)
    backbone.init_weights()
    assert torch.equal(backbone.s1.pathway0_stem.conv.weight, source.s1.pathway0_stem.conv.weight)


def test_without_pyslowfasts_file_the_error_says_where_to_get_and_put_it(hub, monkeypatch):
    def download(*args, **kwargs):
        raise URLError('no route to host')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    with pytest.raises(CheckpointError) as caught:
        read_weights('pyslowfast://SLOWFAST_64x2_R101_50_50')
    for words in ('no route', 'https://dl.fbaipublicfiles.com/', str(hub), 'init_cfg.checkpoint', 'init_cfg=None'):
        assert words in str(caught.value)
    with pytest.raises(CheckpointError, match=r"pyslowfast has no weights of 'SLOWFAST_64x2'.*50_50'"):
        read_weights('pyslowfast://SLOWFAST_64x2')
