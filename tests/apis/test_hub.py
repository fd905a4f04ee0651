import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from cslrkit.apis import CSLRInferencer, from_pretrained, push_to_hub, save_pretrained
from cslrkit.errors import CheckpointError, DataError


@pytest.fixture(scope='module')
def folder(untrained_checkpoint, tmp_path_factory):
    """A model with its card."""
    root = tmp_path_factory.mktemp('hub')
    metrics = {'wer': 25.0, 'sub': 12.5, 'del': 10.0, 'ins': 2.5}
    (root / 'dev.json').write_text(json.dumps(dict(split='dev', metrics=metrics, sentences=[])))
    return save_pretrained(
        untrained_checkpoint.parent, root / 'tiny', scores=[root / 'dev.json'], license='mit', suffix='.pth'
    )


def test_a_folder_gives_what_the_checkpoint_gives(folder, untrained_checkpoint):
    assert sorted(file.name for file in folder.iterdir()) == ['README.md', 'model.pth']
    video = np.random.default_rng(0).integers(0, 256, (40, 112, 112, 3), np.uint8)
    results = [
        inferencer(video)[0].hyp for inferencer in (from_pretrained(folder), CSLRInferencer(untrained_checkpoint))
    ]
    assert len(results[0])
    assert results[0] == results[1]


def test_the_card_says_what_the_model_is_and_how_good(folder):
    _, front, text = (folder / 'README.md').read_text().split('---\n', 2)
    front = yaml.safe_load(front)
    (result,) = front['model-index'][0]['results']
    assert (front['library_name'], front['license']) == ('cslrkit', 'mit')
    assert result['dataset'] == dict(name='synthsign', type='synthsign', split='dev')
    assert result['metrics'] == [dict(type='wer', value=25.0)]
    assert '| dev | 25.00 | 12.50 | 10.00 | 2.50 |' in text
    assert '| backbone | SlowFast |' in text
    assert '| input | frames of 112x112 pixels, 25 a second, of which every 2. is seen |' in text


def test_scores_of_another_kind_are_named(untrained_checkpoint, tmp_path):
    (tmp_path / 'a.json').write_text('{"wer": 3}')
    with pytest.raises(DataError, match=r"a\.json' is no file of results .*tools/test\.py"):
        save_pretrained(untrained_checkpoint, tmp_path / 'out', scores=[tmp_path / 'a.json'])
    assert not (tmp_path / 'out').exists()


def test_the_hub_is_asked_for_what_is_not_here(folder, monkeypatch):
    asked = []

    class Api:
        def create_repo(self, repo, **options):
            asked.append((repo, options))

        def upload_folder(self, *, folder_path, **options):
            asked.append((folder_path, options['repo_id']))

    def snapshot_download(name, *, revision, allow_patterns):
        if name != 'me/tiny':
            raise OSError('no such repository\nand more')
        asked.append((name, revision, 'model.pth' in allow_patterns, 'model.pt2' in allow_patterns))
        return str(folder)

    monkeypatch.setitem(sys.modules, 'huggingface_hub', SimpleNamespace(HfApi=Api, snapshot_download=snapshot_download))
    assert push_to_hub(folder, 'me/tiny', private=True) == 'https://huggingface.co/me/tiny'
    assert from_pretrained('me/tiny', revision='v1', device='cpu').model.vocab.num_classes > 2
    assert asked == [
        ('me/tiny', dict(private=True, exist_ok=True)),
        (str(folder), 'me/tiny'),
        ('me/tiny', 'v1', True, False),
    ]
    with pytest.raises(CheckpointError, match=r"'me/other' does not exist here .* \(OSError: no such repository\)\.$"):
        from_pretrained('me/other')
    with pytest.raises(CheckpointError, match="'/nowhere/at/all' does not exist, and is no 'user/name'"):
        from_pretrained('/nowhere/at/all')
