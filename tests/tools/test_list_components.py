"""tools/list_components.py and what it prints."""

import json

import pytest

from cslrkit.doctor.components import find_registries, format_components, list_components
from cslrkit.errors import ConfigError
from cslrkit.registry import DECODERS


def test_a_class_is_listed_with_summary_arguments_and_source():
    (greedy,) = [found for found in list_components('DECODERS') if found.name == 'GreedyDecoder']
    assert greedy.summary == 'Takes the most probable symbol of each step, merges repeats and drops blanks.'
    assert [(argument.name, argument.default) for argument in greedy.arguments] == [('blank_id', '0')]
    module, _, line = greedy.source.partition(':')
    assert module == 'cslrkit.decoders.greedy_decoder'
    assert int(line) > 1
    assert (greedy.package, greedy.inherited) == ('cslrkit', False)


def test_all_registries_are_listed_own_classes_before_those_of_mmengine():
    found = list_components()
    assert {component.registry for component in found} >= {'BACKBONES', 'LOSSES', 'TRANSFORMS', 'HOOKS', 'OPTIMIZERS'}
    hooks = [component.inherited for component in found if component.registry == 'HOOKS']
    assert hooks == sorted(hooks)
    assert len(set(hooks)) == 2
    text = format_components(found)
    assert '  BeamDecoder(beam_width=10, cutoff_top_n=40,' in text
    assert max(map(len, text.splitlines())) <= 120


def test_a_required_argument_has_no_default():
    (loss,) = [found for found in list_components('loss') if found.name == 'CTCLoss']
    assert [str(argument) for argument in loss.arguments] == ['source', 'weight=1.0', "name=''", 'zero_infinity=False']


@pytest.mark.parametrize('name', ['BACKBONES', 'backbone', 'backbones', 'Backbone'])
def test_a_registry_is_found_by_its_names(name):
    assert list(find_registries(name)) == ['BACKBONES']


def test_every_registry_is_found_by_either_name():
    for key, registry in find_registries().items():
        assert find_registries(key) == {key: registry}
        assert find_registries(registry.name) == {key: registry}


def test_unknown_registry():
    with pytest.raises(
        ConfigError, match=r"got 'bakbone', expected one of ACTIVITIES, ALIGNERS, .*Did you mean 'BACKBONES'"
    ):
        list_components('bakbone')


def test_search_looks_into_summaries_and_arguments():
    assert {found.name for found in list_components('decoders', search='BEAM_WIDTH')} >= {'BeamDecoder'}
    assert list_components('decoders', search='no such text') == []


def test_a_class_without_docstring_or_source():
    @DECODERS.register_module()
    class Undocumented:
        pass

    try:
        (found,) = list_components('DECODERS', search='undocumented')
        assert 'no docstring' in format_components([found])
    finally:
        DECODERS.module_dict.pop('Undocumented')


def test_the_tool_prints_json_of_a_users_own_module(tmp_path, run_tool):
    (tmp_path / 'mine.py').write_text(
        'from cslrkit.registry import DECODERS\n\n\n@DECODERS.register_module()\nclass Mine:\n    """Guesses."""\n'
    )
    done = run_tool('list_components.py', 'decoders', '--search', 'guess', '--json', '--import', 'mine', cwd=tmp_path)
    (found,) = json.loads(done.stdout)
    assert (found['name'], found['summary'], found['source']) == ('Mine', 'Guesses.', 'mine:4')


def test_the_tool_names_a_misspelt_registry(run_tool):
    done = run_tool('list_components.py', 'necs', check=False)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.startswith("error: registry: got 'necs'")
    assert 'NECKS' in done.stderr
