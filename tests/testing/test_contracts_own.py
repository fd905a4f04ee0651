"""Every class of cslrkit keeps the contract that plugins are checked against."""

import pytest
from small_recognizers import SMALL_BACKBONES

from cslrkit import registry, testing
from cslrkit.corpora.synthsign import make_corpus

# Small arguments, and the clauses that a class breaks by intent.
SMALL = {
    **SMALL_BACKBONES,
    'TemporalConv': dict(hidden_size=16),
    'MultiScaleTemporalConv': dict(hidden_size=16),
    'MultiStreamTemporalConv': dict(hidden_size=16),
    'CTCLoss': dict(source='seq/main'),
    'PenaltyLoss': dict(source='lift_u/main'),
    'MSKA': dict(width=4),
    'KeypointHeatMaps': dict(backbone=dict(type='SlowOnly', depth=18, width=8), points=(0, 1), size=(32, 32)),
    'CESMM': dict(width=4, blocks=((1, 1), (2, 2))),
    'MultiMediaBackbone': dict(
        media=dict(
            frames=dict(type='SlowOnly', depth=18, width=8, dropout=0.0),
            keypoints=dict(type='MSKA', width=4, parts=dict(body=(0, 1)), blocks=((1, 1, 4),)),
        ),
        step_channels=8,
    ),
    'EnsembleHead': dict(hidden_size=16, ff_size=16),
    'BeamDecoder': dict(nbest=3),
    'Degrade': dict(degradation=dict(type='GaussianBlur')),
    'RandomCrop': dict(size=32),
    'CenterCrop': dict(size=32),
    'RandomRotation': dict(degrees=10),
    'TemporalRescale': dict(min_len=4),
}
ALLOWED = {
    'MultiScaleTemporalConv': ('padding invariance',),  # its branches pad, as published
    'PenaltyLoss': ('padding invariance',),  # a number of the whole batch
    'EnsembleHead': ('padding invariance',),  # convolutions over padded steps, as published
    'SeqKDLoss': ('padding invariance',),  # averaged over padded steps too, as published
    'PackClassicalInputs': ('result',),  # gives the tuple of classical code
}
# What takes features in the place of frames; tested in tests/models/test_precomputed_features.py and
# tests/datasets/test_feature_transforms.py.
ON_FEATURES = ('PrecomputedFeatures', 'LoadFeatures', 'FeatureNoise', 'TimeMasking')
# What takes keypoints in the place of frames; tested in tests/datasets/test_keypoint_transforms.py.
ON_KEYPOINTS = (
    'LoadKeypoints',
    'NormalizeKeypoints',
    'RandomKeypointAffine',
    'RandomKeypointDrop',
    'RandomKeypointFlip',
    'SelectKeypoints',
)
CHECKS = {
    'BACKBONES': testing.check_backbone,
    'NECKS': testing.check_neck,
    'HEADS': testing.check_head,
    'LOSSES': testing.check_loss,
    'DECODERS': testing.check_decoder,
    'TRANSFORMS': testing.check_transform,
}
# Dataset -> the corpus that is drawn for it, and its other arguments; {size} is the frames'.
DATASETS = {
    'CSLRDataset': ('synthsign', dict(corpus='synthsign', split='dev', frame_subdir='fullFrame-{size}px')),
    'Phoenix2014Dataset': ('phoenix2014', dict(split='dev', frame_subdir='fullFrame-{size}px')),
    'Phoenix2014TDataset': ('phoenix2014-T', dict(split='dev', frame_subdir='fullFrame-{size}px')),
    'CSLDailyDataset': ('csl-daily', dict(split='dev', frame_subdir='sentence/frames_{size}')),
    'CSLDataset': ('csl', dict(split='train', frame_subdir='fullFrame-{size}px')),
}
SIZE = (64, 80)


def own(name):
    part = getattr(registry, name)
    part.import_from_location()
    return [key for key, cls in part.module_dict.items() if cls.__module__.startswith('cslrkit.')]


@pytest.mark.parametrize(
    ('part', 'name'), [(part, name) for part in CHECKS for name in own(part) if name not in ON_FEATURES + ON_KEYPOINTS]
)
def test_keeps_its_contract(part, name):
    CHECKS[part](name, SMALL.get(name), allow=ALLOWED.get(name, ()))


@pytest.fixture(scope='module')
def corpora(tmp_path_factory):
    roots = {}
    for name in {name for name, _ in DATASETS.values()}:
        roots[name] = tmp_path_factory.mktemp(name)
        make_corpus(roots[name], corpus=name, preset='tiny', size=SIZE, progress=False, num_workers=1)
    return roots


@pytest.mark.parametrize('name', [name for name in own('DATASETS') if name != 'RegionCrops'])  # it has no sentences
def test_dataset_keeps_its_contract(name, corpora):
    wrapped = name not in DATASETS  # around another one
    inner = 'CSLRDataset' if wrapped else name
    corpus, options = DATASETS[inner]
    cfg = {key: value.format(size=f'{SIZE[0]}x{SIZE[1]}') for key, value in options.items()}
    cfg['data_root'] = str(corpora[corpus])
    testing.check_dataset(name, dict(dataset=dict(cfg, type=inner)) if wrapped else cfg)
