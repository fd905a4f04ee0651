"""Names of parameters here and in the published SlowFastSign models."""

import re
from typing import Dict, Iterable, List, Mapping, Tuple, TypeVar

from cslrkit.errors import CheckpointError

Value = TypeVar('Value')

# Published stream numbers, and the order in which the published neck registers its stacks.
_STREAM_NUMBERS = {'main': 0, 'slow': 1, 'fast': 2}
_NECK_ORDER = ('fast', 'slow', 'main')

_BACKBONE = re.compile(r'backbone\.(net\.)?')  # the ResNet keeps torchvision's network in `net`
_NECK = re.compile(r'neck\.stacks\.(?P<stream>\w+)\.(?P<rest>.+)')
_RNN = re.compile(r'head\.rnns\.(?P<stream>\w+)\.(?P<rest>.+)')
_CLASSIFIER = re.compile(r'head\.classifiers\.(?P<key>\w+)\.(?P<rest>.+)')


def published_names(own_names: Iterable[str]) -> List[Tuple[str, str]]:
    """Pair each name of the published state dict, in its order, with the name here.

    The model is the published one of three streams (``slr_network_multi.py``) if the neck has several
    and of one (``slr_network.py``) otherwise; which classifiers are shared follows from the names
    too. A shared classifier is stored once here and under several names there, so its name here
    occurs more than once. The names of one stream are VAC's, too, whose ``conv2d`` is torchvision's
    ResNet, and CorrNet's. A head without a sequence model has no ``temporal_model`` and ``classifier``; the names of a
    backbone alone give a backbone alone.

    Source: kaistmm/SlowFastSign 37d1b6c, VIPL-SLP/VAC_CSLR 2bd4aec and hulianyuyy/CorrNet 98d97d0
    ``slr_network.py``.

    Args:
        own_names: Names of a :class:`CSLRRecognizer`'s state dict, in order.

    Raises:
        CheckpointError: For a name that has no published counterpart.
    """
    backbone: List[Tuple[str, str]] = []
    stacks: Dict[str, List[Tuple[str, str]]] = {}
    rnns: Dict[str, List[Tuple[str, str]]] = {}
    classifiers: Dict[str, List[Tuple[str, str]]] = {}
    for name in own_names:
        if name.startswith('backbone.'):
            backbone.append((f'conv2d.{_BACKBONE.sub("", name)}', name))
        elif match := _NECK.fullmatch(name):
            stacks.setdefault(match['stream'], []).append((match['rest'], name))
        elif match := _RNN.fullmatch(name):
            rnns.setdefault(match['stream'], []).append((match['rest'], name))
        elif match := _CLASSIFIER.fullmatch(name):
            classifiers.setdefault(match['key'], []).append((match['rest'], name))
        elif not name.startswith('data_preprocessor.'):
            raise CheckpointError(f"'{name}' has no counterpart in the published SlowFastSign models.")
    if not (stacks or rnns or classifiers):
        return backbone
    streams = _ordered_streams(stacks)
    multi = len(streams) > 1
    pairs = backbone
    for stream in _NECK_ORDER if multi else ('main',):
        prefix = f'conv1d.{stream}_temporal_conv' if multi else 'conv1d.temporal_conv'
        pairs += [(f'{prefix}.{rest}', name) for rest, name in stacks[stream]]
    for prefix, kind in (('conv1d.fc', 'conv'), ('temporal_model', 'rnn'), ('classifier', 'seq')):
        for number, stream in enumerate(streams):
            numbered = f'{prefix}.{number}' if multi else prefix
            if kind != 'conv' and not rnns:
                continue
            if kind == 'rnn':
                pairs += [(f'{numbered}.rnn.{rest}', name) for rest, name in rnns[stream]]
            else:
                found = _classifier_of(classifiers, kind, stream)
                pairs += [(f'{numbered}.{rest}', name) for rest, name in found]
    return pairs


def to_published(state: Mapping[str, Value]) -> Dict[str, Value]:
    """Return ``state`` (a recognizer's state dict, or anything by its names) by published names.

    Raises:
        CheckpointError: For a name that has no published counterpart.
    """
    return {published: state[own] for published, own in published_names(state)}


def from_published(published: Mapping[str, Value], own_names: Iterable[str]) -> Dict[str, Value]:
    """Return a published state dict by the names of a recognizer.

    Of several published names of one classifier the last one counts, as when torch loads them.

    Args:
        published: Published state dict.
        own_names: Names of the recognizer's state dict, in order.

    Raises:
        CheckpointError: If names are missing or left over.
    """
    pairs = published_names(own_names)
    missing = [name for name, _ in pairs if name not in published]
    wanted = {name for name, _ in pairs}
    left_over = [name for name in published if name not in wanted]
    if missing or left_over:
        raise CheckpointError(
            f'the published weights do not belong to this model: {_count("missing", missing)}; '
            f'{_count("left over", left_over)}. Check depth, fusion, streams and classifier of the config.'
        )
    return {own: published[name] for name, own in pairs}


def _ordered_streams(stacks: Mapping[str, object]) -> List[str]:
    found = sorted(stacks, key=lambda stream: _STREAM_NUMBERS.get(stream, len(_STREAM_NUMBERS)))
    if found not in (['main'], ['main', 'slow', 'fast']):
        raise CheckpointError(
            f'the published SlowFastSign models have the streams main, or main, slow and fast; this one has {found}.'
        )
    return found


def _classifier_of(classifiers: Mapping[str, List[Tuple[str, str]]], kind: str, stream: str) -> List[Tuple[str, str]]:
    for key in (f'{kind}_{stream}', stream, 'all'):  # shared by none, by a stream, by all
        if key in classifiers:
            return classifiers[key]
    raise CheckpointError(f'the model has no classifier of {kind}/{stream}, which the published models have.')


def _count(what: str, names: List[str]) -> str:
    return f'{len(names)} names {what}' + (f" (such as '{names[0]}')" if names else '')
