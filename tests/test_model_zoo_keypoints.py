"""The keypoint networks of others: their configs are the published recipes."""

import pytest
import torch

from cslrkit.engine.config import load_config
from cslrkit.registry import MODELS

# What the authors trained with: sutwangyan/MSKA e7d5610 configs/*_s2g.yaml, datasets.py, optimizer.py; xhonghu/CESMM
# 41cda13 configs/baseline.yaml, dataloader_video.py, slr_network.py.
HEADS = ('left', 'right', 'fuse', 'body')
RECIPES = {
    'mska': dict(
        betas=(0.9, 0.998),
        frames=dict(type='RandomFrames', low=0.5, high=1.5, max_len=400, rounding='up'),
        preprocessor=dict(type='KeypointDataPreprocessor', max_degrees=15),
        losses={**{f'ctc_{head}': 1 for head in HEADS}, **{f'distill_{head}': 1 for head in HEADS}},
        beam_width=5,
    ),
    'cesmm': dict(
        betas=None,  # Adam's own
        frames=dict(type='RandomFrames', low=0.5, high=1.5, max_len=300, rounding='down'),
        preprocessor=dict(type='KeypointDataPreprocessor', max_degrees=15, max_shift=0.1),
        losses={'seq_ctc_main': 1, 'conv_ctc_main': 1, 'dist_conv_to_seq': 25, 'dist_seq_to_conv': 25},
        beam_width=10,
    ),
}
CORPORA = {'phoenix2014': 'Phoenix-2014', 'phoenix2014-T': 'Phoenix-2014t', 'csl-daily': 'CSL-Daily'}


def config_of(method, corpus):
    return load_config(f'{method}/{corpus}.py')


@pytest.mark.parametrize('corpus', CORPORA)
@pytest.mark.parametrize('method', RECIPES)
def test_the_recipe_is_the_published_one(method, corpus):
    config, recipe = config_of(method, corpus), RECIPES[method]
    optimizer = dict(type='Adam', lr=1e-3, weight_decay=1e-3)
    assert config.optim_wrapper.type == 'GuardedOptimWrapper'  # in full precision
    assert config.optim_wrapper.optimizer == {**optimizer, **({'betas': recipe['betas']} if recipe['betas'] else {})}
    assert config.param_scheduler == [dict(type='CosineAnnealingLR')]
    assert config.train_cfg.max_epochs == 100
    loader = config.train_dataloader
    assert loader.batch_size == (16 if (method, corpus) == ('cesmm', 'csl-daily') else 8)
    assert loader.dataset.pipeline == [dict(type='LoadKeypoints'), recipe['frames'], dict(type='PackSignInputs')]
    for loader in (config.val_dataloader, config.test_dataloader):
        assert loader.batch_size == 1
        crop = dict(type='CropFrames', max_len=recipe['frames']['max_len'])
        assert loader.dataset.pipeline == [dict(type='LoadKeypoints'), crop, dict(type='PackSignInputs')]
    assert config.model.data_preprocessor == recipe['preprocessor']
    assert {loss.name: loss.get('weight', 1) for loss in config.model.losses} == recipe['losses']
    assert config.model.decoder.beam_width == recipe['beam_width']
    assert (config.corpus, config.keypoints.path) == (corpus, f'keypoints/{CORPORA[corpus]}.{{split}}')


# MSKA: a stream of V joints has a first layer of 384 and eight blocks: 3 820 576 for 27 joints, 4 085 152 for 79 and
# 3 818 032 for 26; its heads see 1024, 256 and twice 512 channels. CESMM's head is a BiLSTM of 2 x 2 times
# 4 x 640 (1280 + 640) + 8 x 640 numbers and a classifier of 1280 x 1296.
@pytest.mark.parametrize(
    ('method', 'backbone', 'head'),
    [
        ('mska', 2 * 3_820_576 + 4_085_152 + 3_818_032, 7_486_736 + 7_093_520 + 2 * 7_224_592),
        ('cesmm', 22_311_568, 4 * (2560 * 1920 + 5120) + 1280 * 1296),
    ],
)
def test_parameters_and_shapes_are_the_published_ones(method, backbone, head):
    config = config_of(method, 'phoenix2014')
    model = MODELS.build(dict(config.model, vocab=[f'G{index}' for index in range(1295)])).eval()
    counts = [sum(parameter.numel() for parameter in part.parameters()) for part in (model.backbone, model.head)]
    assert counts == [backbone, head]
    with torch.no_grad():
        logits, feat_lens = model(torch.zeros(1, 3, 8, 133), torch.tensor([8]))
    assert feat_lens.tolist() == [2]
    assert {tuple(value.shape) for value in logits.values()} == {(1, 2, 1296)}
