"""The file in a synthetic corpus that says how it was made and where each gloss is signed."""

import json
import os
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence

from cslrkit.corpora.synthsign.drawing import DrawingTask
from cslrkit.corpora.synthsign.lexicon import Lexicon
from cslrkit.corpora.synthsign.signers import Signer
from cslrkit.corpora.synthsign.spec import FRAME_RATE, CorpusSpec
from cslrkit.errors import OutputError

RECORD_NAME = 'synthetic.json'
_VERSION = 1  # of the drawing: a corpus of another version is not the same corpus


def make_record(
    tasks: Sequence[DrawingTask],
    lexicon: Lexicon,
    words: Mapping[str, str],
    signers: Sequence[Signer],
    spec: CorpusSpec,
    *,
    corpus: str,
    seed: int,
) -> Dict[str, Any]:
    """Return what ``synthetic.json`` says besides whether the corpus is complete."""
    return {
        'version': _VERSION,
        'corpus': corpus,
        'seed': seed,
        'frame_rate': FRAME_RATE,
        'spec': spec.as_dict(),
        'signs': {words[gloss]: dict(sign.__dict__) for gloss, sign in lexicon.signs.items()},
        'minimal_pairs': [[words[p.first], words[p.second], p.component] for p in lexicon.minimal_pairs],
        'signers': [signer.name for signer in signers],
        'clips': {
            task.clip.sample_id: {
                'split': task.clip.split,
                'signer': task.clip.signer_name,
                'num_frames': task.clip.num_frames,
                # [gloss, first frame, frame after the last]
                'glosses': [[word, *span] for word, span in zip(task.clip.words, task.performance.spans)],
            }
            for task in tasks
        },
    }


def is_complete(root: Path, record: Dict[str, Any]) -> bool:
    """Whether ``root`` holds this very corpus; False if it is empty or holds a part of it.

    Raises:
        OutputError: If it holds anything else.
    """
    path = root / RECORD_NAME
    if path.is_file():
        found = read_record(root) or {}
        complete = found.pop('complete', False)
        if found == record:
            return complete
        raise OutputError(f"'{root}' holds another synthetic corpus. Give a new folder, or remove that one first.")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise OutputError(f"'{root}' is not empty. Give a new or empty folder.")
    return False


def read_record(root: Path) -> Optional[Dict[str, Any]]:
    """Return what ``synthetic.json`` says; None if there is none that can be read."""
    try:
        found = json.loads((root / RECORD_NAME).read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict):
        return None
    if 'layout' in found:  # 0.1.0 named the corpus whose folders it drew; by itself it drew those of PHOENIX 2014
        layout = found.pop('layout')
        found['corpus'] = 'synthsign' if layout == 'phoenix2014' else layout
    return found


def write_record(root: Path, record: Dict[str, Any], *, complete: bool) -> None:
    """Write ``synthetic.json`` in one step.

    Raises:
        OutputError: If it cannot be written.
    """
    path = root / RECORD_NAME
    temporary = path.with_name(f'.{path.name}.{os.getpid()}')
    text = json.dumps({'complete': complete, **record}, ensure_ascii=False, indent=1)
    try:
        root.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(f'{text}\n'.encode())
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"'{path}' cannot be written: {error}.") from error
