"""Names of parameters here, and in the files of others: SlowFastSign, VAC, CorrNet, PySlowFast, torchvision, MSKA."""

import re
from typing import Dict, Iterable, List, Mapping, Tuple

from cslrkit.errors import CheckpointError
from cslrkit.models.weights.keypoint_names import is_keypoint_network, keypoint_names

_Named = List[Tuple[str, str]]

BACKBONE = 'backbone.'
_SWIN_LAYER = re.compile(r'\.swin_layer\.')  # USTM's word for a stage of torchvision's, beside which its adapter stands
_WRAPPED = 'backbone.net.'  # the ResNet keeps torchvision's network in `net`; CorrNet is one by itself

# Published part -> names of its parameters here: the stream, or the key of a classifier, and the rest.
_PARTS = {
    'conv2d': re.compile(r'backbone\.(?:net\.)?()(.+)'),
    'temporal_conv': re.compile(r'neck\.stacks\.(\w+)\.(.+)'),
    'temporal_model': re.compile(r'head\.rnns\.(\w+)\.(.+)'),
    'classifier': re.compile(r'head\.classifiers\.(\w+)\.(.+)'),
}
# Streams by their published numbers, and the order in which the published neck registers its stacks.
_STREAMS = (['main'], ['main', 'slow', 'fast'])
_NECK_ORDER = ('fast', 'slow', 'main')

# Pattern of a Caffe2 blob and its place in the network. A leading `t_` is the fast pathway, the second one. Source:
# facebookresearch/SlowFast `slowfast/utils/c2_model_loading.py`, as copied by kaistmm/SlowFastSign 37d1b6c
# `slowfast_modules/checkpoint.py`; without the blobs of X3D.
_BLOBS = tuple(
    (re.compile(blob), place)
    for blob, place in (
        (r'nonlocal_conv(?P<stage>\d+)_(?P<block>\d+)_bn_(?P<rest>.+)', 's{stage}.pathway0_nonlocal{block}.bn.{rest}'),
        (r'nonlocal_conv(?P<stage>\d+)_(?P<block>\d+)_(?P<rest>.+)', 's{stage}.pathway0_nonlocal{block}.conv_{rest}'),
        (r't_pool1_subsample_bn_(?P<rest>.+)', 's1_fuse.bn.{rest}'),
        (r't_pool1_subsample_(?P<rest>.+)', 's1_fuse.conv_f2s.{rest}'),
        (r't_res(?P<stage>\d+)_\d+_branch2c_bn_subsample_bn_(?P<rest>.+)', 's{stage}_fuse.bn.{rest}'),
        (r't_res(?P<stage>\d+)_\d+_branch2c_bn_subsample_(?P<rest>.+)', 's{stage}_fuse.conv_f2s.{rest}'),
        (
            r'(?P<tower>t_)?res(?P<stage>\d+)_(?P<block>\d+)_branch(?P<branch>\d+)(?P<layer>[a-z]_.+)',
            's{stage}.pathway{pathway}_res{block}.branch{branch}.{layer}',
        ),
        (
            r'(?P<tower>t_)?res(?P<stage>\d+)_(?P<block>\d+)_branch(?P<rest>\d+_.+)',
            's{stage}.pathway{pathway}_res{block}.branch{rest}',
        ),
        (r'(?P<tower>t_)?res_conv1_bn_(?P<rest>.+)', 's1.pathway{pathway}_stem.bn.{rest}'),
        (r'(?P<tower>t_)?(?:res_)?conv1_(?P<rest>.+)', 's1.pathway{pathway}_stem.conv.{rest}'),
        (r'pred_(?P<rest>.+)', 'head.projection.{rest}'),
    )
)
# The end of a blob's name says which tensor of the layer it is.
_TENSOR = re.compile(r'[._](w|b)\Z|(?<=bn)[._](s|b|rm|riv)\Z')
_TENSORS = {'w': 'weight', 's': 'weight', 'b': 'bias', 'rm': 'running_mean', 'riv': 'running_var'}


def own_names_of(file_format: str, names: Iterable[str], own_names: List[str]) -> Dict[str, str]:
    """Map names of a file to names of a recognizer, whether it has a parameter of that name or not.

    Args:
        file_format: A key of ``FORMATS``.
        names: Names in the file.
        own_names: Names of the recognizer's state dict, or of its backbone's with ``backbone.`` before
            each.

    Returns:
        The recognizer's name for those of ``names`` that can mean a part of one.

    Raises:
        CheckpointError: For SlowFastSign's names, if that code has no model like this one.
    """
    if file_format in ('slowfastsign', 'keypoints'):
        published = dict(published_names(own_names))
        return {name: published[name] for name in names if name in published}
    if file_format == 'caffe2':
        return {name: BACKBONE + parameter_name(name) for name in names}
    prefix = '' if file_format == 'cslrkit' else BACKBONE
    if file_format == 'torchvision' and any(name.startswith(_WRAPPED) for name in own_names):
        prefix = _WRAPPED
    if file_format == 'swin':
        adapted = {_SWIN_LAYER.sub('.', name): name for name in own_names}
        return {name: adapted.get(prefix + name, prefix + name) for name in names}
    return {name: prefix + name for name in names}


def parameter_name(blob: str) -> str:
    """Return a parameter's name, e.g. ``s2.pathway1_res0.branch2.a.weight`` for ``t_res2_0_branch2a_w``.

    A blob that no backbone has, such as a non-local block's or an optimizer's momentum, gets the name
    that the published code gives it.
    """
    for pattern, place in _BLOBS:
        match = pattern.fullmatch(blob)
        if match:
            groups = match.groupdict()
            pathway = 1 if groups.pop('tower', None) else 0
            name = place.format(pathway=pathway, **groups)
            return _TENSOR.sub(lambda end: f'.{_TENSORS[end[1] or end[2]]}', name)
    return blob


def published_names(own_names: Iterable[str]) -> _Named:
    """Pair each name of the published state dict, in its order, with the name here.

    The model is the published one of three streams (``slr_network_multi.py``) if the neck has several
    and of one (``slr_network.py``) otherwise; which classifiers are shared follows from the names
    too. A shared classifier is stored once here and under several names there, so its name here
    occurs more than once. The names of one stream are VAC's, too, whose ``conv2d`` is torchvision's
    ResNet, and CorrNet's. A head without a sequence model has no ``temporal_model`` and ``classifier``; the names of a
    backbone alone give a backbone alone. For keypoint networks they are those of :func:`keypoint_names`.

    Source: kaistmm/SlowFastSign 37d1b6c, VIPL-SLP/VAC_CSLR 2bd4aec and hulianyuyy/CorrNet 98d97d0
    ``slr_network.py``.

    Args:
        own_names: Names of a :class:`CSLRRecognizer`'s state dict, in order.

    Raises:
        CheckpointError: For a name that has no published counterpart.
    """
    own_names = list(own_names)
    if is_keypoint_network(own_names):
        return keypoint_names(own_names)
    found = _by_part(own_names)
    pairs = [(f'conv2d.{rest}', name) for rest, name in found['conv2d'].get('', ())]
    stacks, rnns, classifiers = found['temporal_conv'], found['temporal_model'], found['classifier']
    if not (stacks or rnns or classifiers):
        return pairs
    streams = next((streams for streams in _STREAMS if sorted(streams) == sorted(stacks)), None)
    if streams is None:
        raise CheckpointError(
            f'the published SlowFastSign models have the streams main, or main, slow and fast; this one has '
            f'{sorted(stacks)}.'
        )
    multi = len(streams) > 1
    for stream in _NECK_ORDER if multi else streams:
        prefix = f'conv1d.{stream}_temporal_conv' if multi else 'conv1d.temporal_conv'
        for rest, name in stacks[stream]:
            # Layers with names of their own, not numbers, are parts of the published neck itself.
            pairs.append((f'{prefix if rest[0].isdigit() else "conv1d"}.{rest}', name))
    for prefix, kind in (('conv1d.fc', 'conv'), ('temporal_model', 'rnn'), ('classifier', 'seq')):
        for number, stream in enumerate(streams if rnns or kind == 'conv' else ()):
            part = rnns[stream] if kind == 'rnn' else _classifier_of(classifiers, kind, stream)
            numbered = (f'{prefix}.{number}' if multi else prefix) + ('.rnn' if kind == 'rnn' else '')
            pairs += [(f'{numbered}.{rest}', name) for rest, name in part]
    return pairs


def _by_part(own_names: Iterable[str]) -> Dict[str, Dict[str, _Named]]:
    """Sort names by published part and stream: the rest of each, and the whole."""
    found: Dict[str, Dict[str, _Named]] = {part: {} for part in _PARTS}
    for name in own_names:
        matches = [(part, pattern.fullmatch(name)) for part, pattern in _PARTS.items()]
        part, match = next(((part, match) for part, match in matches if match), ('', None))
        if match:
            found[part].setdefault(match[1], []).append((match[2], name))
        elif not name.startswith('data_preprocessor.'):
            raise CheckpointError(f"'{name}' has no counterpart in the published SlowFastSign models.")
    return found


def _classifier_of(classifiers: Mapping[str, _Named], kind: str, stream: str) -> _Named:
    for key in (f'{kind}_{stream}', stream, 'all'):  # shared by none, by a stream, by all
        if key in classifiers:
            return classifiers[key]
    raise CheckpointError(f'the model has no classifier of {kind}/{stream}, which the published models have.')
