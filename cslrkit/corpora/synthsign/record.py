"""The file in a synthetic corpus that says how it was made and where each gloss is signed."""

import json
import os
from pathlib import Path
from typing import Any, Dict, Sequence

from cslrkit.corpora.synthsign.drawing import DrawingTask
from cslrkit.corpora.synthsign.layouts import spoken
from cslrkit.corpora.synthsign.lexicon import Lexicon
from cslrkit.corpora.synthsign.signers import Signer
from cslrkit.corpora.synthsign.spec import FRAME_RATE, CorpusSpec
from cslrkit.errors import OutputError

RECORD_NAME = 'synthetic.json'
_VERSION = 1  # of the drawing: a corpus of another version is not the same corpus


def make_record(
    tasks: Sequence[DrawingTask],
    lexicon: Lexicon,
    signers: Sequence[Signer],
    spec: CorpusSpec,
    *,
    layout: str,
    seed: int,
    chinese: bool,
) -> Dict[str, Any]:
    """Return what ``synthetic.json`` says besides whether the corpus is complete."""
    words = dict(zip(lexicon.signs, spoken(list(lexicon.signs), chinese=chinese)))
    return {
        'version': _VERSION,
        'layout': layout,
        'seed': seed,
        'frame_rate': FRAME_RATE,
        'spec': spec.as_dict(),
        'signs': {words[gloss]: dict(sign.__dict__) for gloss, sign in lexicon.signs.items()},
        'minimal_pairs': [[words[p.first], words[p.second], p.component] for p in lexicon.minimal_pairs],
        'signers': [signer.name for signer in signers],
        'clips': {
            task.named.sample_id: {
                'split': task.named.clip.split,
                'signer': signers[task.named.clip.signer].name,
                'num_frames': len(task.performance.poses),
                # [gloss, first frame, frame after the last]
                'glosses': [[words[g], *span] for g, span in zip(task.named.clip.glosses, task.performance.spans)],
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
        try:
            found = json.loads(path.read_text(encoding='utf-8'))
        except (OSError, ValueError):
            found = {}
        complete = found.pop('complete', False) if isinstance(found, dict) else False
        if found == record:
            return complete
        raise OutputError(f"'{root}' holds another synthetic corpus. Give a new folder, or remove that one first.")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise OutputError(f"'{root}' is not empty. Give a new or empty folder.")
    return False


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
