"""Names of parameters here, and in the files of the keypoint networks MSKA-SLR and CESMM."""

import re
from typing import Iterable, List, Optional, Tuple

from cslrkit.errors import CheckpointError

# Of what a name begins with in a file, and here.
_PLACES = (
    (re.compile(r'backbone\.(\w+_(?:input_map|graph_layers)|fusion_layers)\.(.+)'), r'visual_backbone_keypoint.\1.\2'),
    (re.compile(r'head\.heads\.(\w+)\.(.+)'), r'\1_visual_head.\2'),
    (re.compile(r'head\.rnns\.main\.(.+)'), r'temporal_model.rnn.\1'),
    (re.compile(r'head\.classifiers\.main\.(.+)'), r'classifier.\1'),
)
_BACKBONE = _PLACES[0][0]
# Of whole models for translation, whose recognition is one part.
_PREFIX = 'recognition_network.'
# Codes of positions and zeros: buffers of the file that hold nothing that was learnt.
_CONSTANTS = re.compile(r'.*\.(?:pes\.pe|atts)|\w+_visual_head\.pe\.pe')


def is_keypoint_network(own_names: Iterable[str]) -> bool:
    """Tell a recognizer on keypoints from the names of its state dict."""
    return any(_BACKBONE.fullmatch(name) for name in own_names)


def keypoint_names(own_names: Iterable[str]) -> List[Tuple[str, str]]:
    """Pair each name of the published state dict, in its order and without constants, with the name here.

    Raises:
        CheckpointError: For a name that has no published counterpart.
    """
    pairs = []
    for name in own_names:
        match = next(((pattern.fullmatch(name), place) for pattern, place in _PLACES if pattern.fullmatch(name)), None)
        if match is not None:
            pairs.append((match[0].expand(match[1]), name))
        elif not name.startswith('data_preprocessor.'):
            raise CheckpointError(f"'{name}' has no counterpart in the published MSKA and CESMM models.")
    return pairs


def learnt_name(name: str) -> Optional[str]:
    """Return a tensor's name in a file without what stands before the recognition network, None for a constant."""
    name = name[len(_PREFIX) :] if name.startswith(_PREFIX) else name
    return None if _CONSTANTS.fullmatch(name) else name
