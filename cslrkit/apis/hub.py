"""Models to give away, in a folder or on the Hugging Face Hub: weights, and a card that says what they are."""

import json
import re
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

import yaml
from mmengine.config import Config

import cslrkit
from cslrkit.apis.checkpoints import publish_checkpoint
from cslrkit.apis.infer.frame_spec import eval_dataset, frame_spec
from cslrkit.apis.inferencer import CSLRInferencer
from cslrkit.datasets.cslr_dataset import corpus_of
from cslrkit.engine.checkpoint_io import read_checkpoint
from cslrkit.engine.stored_config import stored_config
from cslrkit.errors import CheckpointError, DataError
from cslrkit.utils.files import write_atomically

# Names of a model in its folder, as they are looked for; a .pt2 of strangers is not safe to read.
_NAMES = ('model.safetensors', 'model.pth', 'model.onnx')
_HUB_NAME = re.compile(r'[\w.-]+/[\w.-]+')
_PARTS = ('backbone', 'neck', 'head', 'decoder')
_RATES = ('wer', 'sub', 'del', 'ins')


def from_pretrained(name: Union[str, Path], *, revision: Optional[str] = None, **options: Any) -> CSLRInferencer:
    """Return a :class:`~cslrkit.apis.CSLRInferencer` of a model of a folder or of the Hub.

    Args:
        name: A folder that :func:`save_pretrained` wrote, a work directory, a file; or ``'user/name'`` of the Hub,
            whose files are kept on this machine. What exists here is taken.
        revision: Branch, tag or commit of the Hub; its main branch by default.
        **options: As ``CSLRInferencer`` takes them.

    Raises:
        CheckpointError: If there is no such model, or it cannot be downloaded.
    """
    path = Path(name)
    if not path.exists():
        path = _download(str(name), revision)
    found = [path / file for file in _NAMES if (path / file).is_file()]
    return CSLRInferencer(found[0] if found else path, **options)


def save_pretrained(
    source: Union[str, Path],
    folder: Union[str, Path],
    *,
    scores: Sequence[Union[str, Path]] = (),
    license: Optional[str] = None,
    name: Optional[str] = None,
    suffix: str = '.safetensors',
) -> Path:
    """Write a model to give away: ``model.safetensors`` and its card, ``README.md``.

    Args:
        source: A checkpoint of cslrkit, or a work directory, whose best checkpoint is taken.
        folder: Where to.
        scores: Files of results, ``{split}.json`` of ``tools/test.py``, for the card.
        license: Of the weights, as the Hub names it, such as ``'cc-by-nc-4.0'``.
        name: Of the model on its card, ``'user/name'`` for the Hub; the folder by default.
        suffix: ``'.safetensors'`` or ``'.pth'``.

    Returns:
        The folder.

    Raises:
        CheckpointError: As :func:`~cslrkit.apis.publish_checkpoint`.
        DataError: If a file of results is none.
        OutputError: If it cannot be written.
    """
    folder, results = Path(folder), [_read_scores(path) for path in scores]
    file = publish_checkpoint(source, folder / f'model{suffix}')
    meta = read_checkpoint(file)['meta']
    card = model_card(name or str(folder), stored_config(meta, where=str(file)), meta, results, license=license)
    write_atomically(folder / 'README.md', card)
    return folder


def push_to_hub(folder: Union[str, Path], repo: str, *, private: bool = False) -> str:
    """Upload a folder of :func:`save_pretrained` to the Hub, with the token of this machine (``hf auth login``).

    Args:
        folder: The folder.
        repo: ``'user/name'``; it is made if need be.
        private: Whether a new one is private.

    Returns:
        Its address.

    Raises:
        CheckpointError: If it cannot be uploaded.
    """
    hub = _hub()
    try:
        hub.HfApi().create_repo(repo, private=private, exist_ok=True)
        hub.HfApi().upload_folder(repo_id=repo, folder_path=str(folder), commit_message='Upload a model of cslrkit')
    except Exception as error:  # of the network and of the Hub, without a base that they share
        raise _failed(f"'{folder}' cannot be uploaded to '{repo}'", error) from error
    return f'https://huggingface.co/{repo}'


def model_card(
    name: str,
    config: Config,
    meta: Mapping[str, Any],
    scores: Sequence[Mapping[str, Any]],
    *,
    license: Optional[str] = None,
) -> str:
    """Return a model card in Markdown with the Hub's metadata.

    Args:
        name: Of the model.
        config: Of its checkpoint.
        meta: ``meta`` of its checkpoint.
        scores: ``split`` and ``metrics`` of each file of results.
        license: Of the weights.
    """
    corpus, spec = corpus_of(eval_dataset(config)).name, frame_spec(config)
    front: Dict[str, Any] = dict(
        library_name='cslrkit', tags=['sign-language-recognition', corpus], **(dict(license=license) if license else {})
    )
    if scores:
        task = dict(type='video-classification', name='Continuous sign language recognition')
        results = [
            dict(
                task=task,
                dataset=dict(name=corpus, type=corpus, split=each['split']),
                metrics=[dict(type='wer', value=round(each['metrics']['wer'], 2))],
            )
            for each in scores
        ]
        front['model-index'] = [dict(name=name, results=results)]
    size = '' if spec.size is None else f'frames of {spec.size[0]}x{spec.size[1]} pixels'
    rate = '' if spec.frame_rate is None else f'{spec.frame_rate:g} a second, of which every {spec.interval}. is seen'
    rows = [('corpus', corpus), ('glosses', len(meta['vocab']))]
    rows += [(part, config.model[part]['type']) for part in _PARTS]
    rows += [('input', ', '.join(filter(None, (size or f'keypoints, {spec.layout}', rate))))]
    rows += [('epochs of training', meta['epoch'])] if 'epoch' in meta else []
    lines: List[str] = [
        f'# {name}',
        '',
        'It turns a video of a signer into the sequence of glosses (labels of signs), with times. Made with cslrkit '
        f'{cslrkit.__version__}.',
        '',
        *_table(('', ''), rows),
    ]
    if scores:
        figures = [[each['split'], *(f'{each["metrics"][rate]:.2f}' for rate in _RATES)] for each in scores]
        lines += ['', '## Word error rate, in percent', '', *_table(('split', 'WER', *_RATES[1:]), figures)]
    use = f"from cslrkit.apis import from_pretrained\n\nprint(from_pretrained('{name}')('clip.mp4')[0].hyp.glosses)"
    lines += ['', '## Use', '', '```python', use, '```', '', '## Limits', '']
    lines += ['It knows the signs of its corpus only, and gives glosses where nobody signs, too.', '']
    return f'---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---\n\n' + '\n'.join(lines)


def _table(head: Sequence[Any], rows: Sequence[Sequence[Any]]) -> List[str]:
    return [f'| {" | ".join(map(str, row))} |' for row in (head, ['---'] * len(head), *rows)]


def _read_scores(path: Union[str, Path]) -> Dict[str, Any]:
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        rates = {rate: float(content['metrics'][rate]) for rate in _RATES}
        return dict(split=str(content['split']), metrics=rates)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"scores: '{path}' is no file of results ({type(error).__name__}: {error}). Name the SPLIT.json that "
            'tools/test.py writes.'
        ) from error


def _download(name: str, revision: Optional[str]) -> Path:
    if not _HUB_NAME.fullmatch(name):
        raise CheckpointError(f"checkpoint: '{name}' does not exist, and is no 'user/name' of the Hub.")
    hub = _hub()
    try:
        return Path(hub.snapshot_download(name, revision=revision, allow_patterns=list(_NAMES)))
    except Exception as error:  # of the network and of the Hub, without a base that they share
        raise _failed(f"'{name}' does not exist here and cannot be downloaded", error) from error


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise CheckpointError(
            "huggingface_hub: the package is not installed. Run `pip install 'cslrkit[hub]'`."
        ) from error
    return huggingface_hub


def _failed(what: str, error: Exception) -> CheckpointError:
    reason = (str(error).strip().splitlines() or [''])[0]
    return CheckpointError(f'checkpoint: {what} ({type(error).__name__}: {reason}).')
