"""Which dicts of a config are checked, and datasets that are read together."""

import pytest
from mmengine.registry import DefaultScope

from cslrkit.datasets.seeded_dataset import build_loader
from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import DECODERS
from cslrkit.structures import GlossVocab
from cslrkit.utils.npy import save_object


@pytest.fixture
def lm_decoder():
    """A plugin's decoder that builds an object of its own from a dict under a name that cslrkit uses, too."""

    @DECODERS.register_module()
    class LMDecoder:
        def __init__(self, model, beam_width=10):
            self.model, self.beam_width = model, beam_width

    yield LMDecoder
    DECODERS.module_dict.pop('LMDecoder')


def test_dicts_of_a_plugin_are_left_to_the_plugin(tiny_config, lm_decoder):
    decoder = dict(type='LMDecoder', model=dict(type='KenLM', path='glosses.arpa'))
    path = tiny_config.with_name('lm.py')
    path.write_text(f"_base_ = '{tiny_config}'\nmodel = dict(decoder=dict(_delete_=True, **{decoder}))\n")
    assert load_config(path).model.decoder == decoder
    with pytest.raises(ConfigError, match=r"^model\.decoder\.beam_with: LMDecoder has no argument 'beam_with'"):
        load_config(path, {'model.decoder': dict(decoder, beam_with=3)})


def test_arguments_of_a_language_model_are_checked(tiny_config):
    model = dict(type='NGram', path='gloss.arpa', alpha=0.5)
    decoder = dict(type='BeamDecoder', language_model=model)
    assert load_config(tiny_config, {'model.decoder': decoder}).model.decoder.language_model == model
    with pytest.raises(ConfigError, match=r"^model\.decoder\.language_model\.alhpa: NGram has no argument 'alhpa'"):
        load_config(tiny_config, {'model.decoder': dict(decoder, language_model=dict(model, alhpa=1))})
    with pytest.raises(ConfigError, match=r"^model\.decoder\.language_model\.type: 'NGramm' is not registered"):
        load_config(tiny_config, {'model.decoder': dict(decoder, language_model=dict(model, type='NGramm'))})


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('train_dataloader.batch_size', 'x', "got 'x', expected an integer"),
        ('train_dataloader.batch_size', 0, 'got 0, expected at least 1'),
        ('val_dataloader.num_workers', -1, 'got -1, expected at least 0'),
        ('test_dataloader.num_workers', True, 'got True, expected an integer'),
        ('train_dataloader.persistent_workers', 'no', "got 'no', expected True or False"),
        ('train_cfg.max_epochs', '3', "got '3', expected an integer"),
        ('model.backbone.depth', 18.5, 'got 18.5, expected an integer'),
    ],
)
def test_numbers_that_are_none(tiny_config, name, value, message):
    with pytest.raises(ConfigError, match=rf'^{name}: {message}'):
        load_config(tiny_config, {name: value})


def write_concat(tiny_config, datasets, name):
    path = tiny_config.with_name(name)
    path.write_text(
        f"_base_ = '{tiny_config}'\n"
        'pipeline = _base_.train_pipeline\n'
        f'roots = {datasets}\n'
        'train_dataloader = dict(dataset=dict(_delete_=True, type="ConcatDataset", datasets=[\n'
        '    dict(type="RepeatDataset", times=2, dataset=dict(type="CSLRDataset", split="dev", pipeline=pipeline)),\n'
        '    *[dict(type="CSLRDataset", split="train", data_root=root, pipeline=pipeline) for root in roots]]))\n'
    )
    return path


def test_two_corpora_are_trained_together(tiny_config, tiny_corpus):
    config = load_config(write_concat(tiny_config, [str(tiny_corpus)], 'concat.py'))
    repeated, train = config.train_dataloader.dataset.datasets
    assert repeated.dataset.data_root == train.data_root == str(tiny_corpus)
    assert config.model.vocab == train.vocab == repeated.dataset.vocab
    with DefaultScope.overwrite_default_scope('cslrkit'):
        loader = build_loader(config.train_dataloader, 0, training=True)
    ids = [sample.sample_id for batch in loader for sample in batch['data_samples']]
    assert len(ids) == 2 * len(loader) > 0
    parts = loader.dataset.datasets
    assert len(loader.dataset) == 2 * len(parts[0].dataset) + len(parts[1])
    assert {info for part in (parts[0].dataset, parts[1]) for info in part.sample_ids} >= set(ids)


def test_corpora_that_are_read_together_need_a_vocabulary_of_all(tiny_config, tiny_corpus, tmp_path):
    glosses = GlossVocab.from_file(tiny_corpus / 'preprocess' / 'gloss_dict.npy').glosses
    save_object(tmp_path / 'few.npy', {gloss: index for index, gloss in enumerate(glosses[:-3], start=1)})
    path = write_concat(tiny_config, [str(tiny_corpus)], 'other.py')
    few = load_config(path, {'model.vocab': str(tmp_path / 'few.npy')})
    raises = pytest.raises(DataError, match=r'outside the vocabulary.*name one that has them \(model\.vocab')
    with DefaultScope.overwrite_default_scope('cslrkit'), raises:
        build_loader(few.train_dataloader, 0, training=True)
