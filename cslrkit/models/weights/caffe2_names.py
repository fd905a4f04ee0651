"""Names of PySlowFast's Caffe2 blobs as names of the backbones' parameters.

Source: facebookresearch/SlowFast ``slowfast/utils/c2_model_loading.py``, as copied by
kaistmm/SlowFastSign 37d1b6c ``slowfast_modules/checkpoint.py``; without the blobs of X3D.
"""

import re

# Pattern of a blob and its place in the network. A leading `t_` is the fast pathway, the second one.
_PLACES = tuple(
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


def parameter_name(blob: str) -> str:
    """Return a parameter's name, e.g. ``s2.pathway1_res0.branch2.a.weight`` for ``t_res2_0_branch2a_w``.

    A blob that no backbone has, such as a non-local block's or an optimizer's momentum, gets the name
    that the published code gives it.
    """
    for pattern, place in _PLACES:
        match = pattern.fullmatch(blob)
        if match:
            groups = match.groupdict()
            pathway = 1 if groups.pop('tower', None) else 0
            return _TENSOR.sub(_tensor_name, place.format(pathway=pathway, **groups))
    return blob


def _tensor_name(match: 're.Match[str]') -> str:
    return f'.{_TENSORS[match[1] or match[2]]}'
