"""Every class that cslrkit registers builds from a config, and says in its docstring what it is."""

import inspect
from pathlib import Path

import pytest
import torch

from cslrkit import registry
from cslrkit.structures import StreamSpec

REGISTRIES = {key: part for key, part in vars(registry).items() if isinstance(part, registry.Registry)}


class SizedSamples(list):
    def get_data_info(self, index):
        return {'num_frames': 8}


# Arguments that a class requires, by its name or by its registry; a builder or a user gives them.
REQUIRED = {
    'TimmBackbone': dict(model_name='test_resnet'),
    'TorchvisionVideoBackbone': dict(model_name='s3d'),
    'CSLRRecognizer': dict(
        backbone=dict(type='ResNet', depth=18),
        neck=dict(type='TemporalConv', hidden_size=16),
        head=dict(type='LinearHead'),
        losses=[dict(type='CTCLoss', source='conv/main')],
        decoder=dict(type='GreedyDecoder'),
        vocab=['A', 'B'],
    ),
    'PrecomputedFeatures': dict(streams=dict(main=dict(channels=8))),
    'SelectKeypoints': dict(parts=['body']),
    'Compose': dict(degradations=[dict(type='JPEG')]),
    'Degrade': dict(degradation=dict(type='Noise')),
    'RandomRotation': dict(degrees=10),
    'RandomCrop': dict(size=8),
    'CenterCrop': dict(size=8),
    'LengthGroupedSampler': dict(dataset=SizedSamples(), batch_size=2),
    'CurriculumSampler': dict(dataset=SizedSamples([1, 2]), batch_size=2),
    'Linear': dict(start=0, stop=1, end=2),
    'Cosine': dict(start=0, stop=1, end=2),
    'Step': dict(values={0: 1}),
    'Pretrained': dict(checkpoint='weights.pth'),
    'CTCLoss': dict(source='seq/main'),
    'KeypointHeatMaps': dict(backbone=dict(type='SlowOnly', depth=18, width=8)),
    'MultiMediaBackbone': dict(
        media=dict(frames=dict(type='SlowOnly', depth=18, width=8), keypoints=dict(type='MSKA', width=4))
    ),
    'MultiMediaDataPreprocessor': dict(backbones={'keypoints': torch.nn.Identity()}),
    'PenaltyLoss': dict(source='lift_u/main'),
    'NECKS': dict(in_channels={'slow': 8, 'fast': 4}),
    'ALIGNERS': dict(stream_specs={'main': StreamSpec(8)}, num_classes=5),
    'ACTIVITIES': dict(stream_specs={'main': StreamSpec(8)}),
    'HEADS': dict(in_channels={'main': 8}, num_classes=5),
    'OPTIM_WRAPPERS': lambda: dict(optimizer=torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)),
}
# Built by tests of their own, because they need data, a process group or a whole config.
BUILT_ELSEWHERE = {
    'DATASETS': 'tests/testing/test_contracts_own.py',
    'CLIP_READERS': 'tests/video/test_video_files.py',
    'KEYPOINT_READERS': 'tests/video/keypoints/test_keypoint_readers.py',
    'FEATURE_READERS': 'tests/datasets/features/test_readers.py',
    'LANGUAGE_MODELS': 'tests/decoders/test_language_model.py',
    'LOOPS': 'tests/engine/test_loops.py',
    'RUNNERS': 'tests/engine/test_runner.py',
    'STRATEGIES': 'tests/engine/test_strategies.py',
    'GuardedDeepSpeedOptimWrapper': 'tests/engine/test_strategies.py',
    'GuardedFSDPOptimWrapper': 'tests/engine/test_strategies.py',
}


def own(key):
    REGISTRIES[key].import_from_location()
    return [name for name, cls in REGISTRIES[key].module_dict.items() if cls.__module__.startswith('cslrkit.')]


OWN = [(key, name) for key in REGISTRIES for name in own(key)]


def required_of(key, name):
    given = REQUIRED.get(name, REQUIRED.get(key, {}))
    return given() if callable(given) else given


CLASSES = [(key, name) for key, name in OWN if inspect.isclass(REGISTRIES[key].get(name))]
BUILT_HERE = [pair for pair in CLASSES if not BUILT_ELSEWHERE.keys() & set(pair)]


@pytest.mark.parametrize(('key', 'name'), BUILT_HERE)
def test_builds(key, name):
    built = REGISTRIES[key].build(dict(type=name, **required_of(key, name)))
    assert type(built) is REGISTRIES[key].get(name)


def test_the_tables_name_what_there_is():
    known = {*REGISTRIES, *(name for _, name in OWN)}
    assert set(REQUIRED) | set(BUILT_ELSEWHERE) <= known
    assert len(OWN) > 40
    assert all((Path(__file__).parents[1] / path).is_file() for path in BUILT_ELSEWHERE.values())


@pytest.mark.parametrize(('key', 'name'), OWN)
def test_is_documented(key, name):
    found = REGISTRIES[key].get(name)
    text = inspect.getdoc(found)
    assert text
    function = found.__init__ if inspect.isclass(found) else found
    own_arguments = not inspect.isclass(found) or '__init__' in vars(found)
    count = len(inspect.signature(function).parameters) - inspect.isclass(found)
    assert not (own_arguments and count) or 'Args:' in text
