"""A small whole file of every kind that cslrkit reads, and what reads it."""

import gzip
import json
import pickle
import sys
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import torch
import yaml

from benchmarks.fuzz import Reader
from cslrkit.apis.archive_manifest import Manifest
from cslrkit.apis.split_outputs import Origin, read_outputs, write_outputs
from cslrkit.corpora import Custom, find_corpus
from cslrkit.corpora.info_file import read_entries
from cslrkit.corpora.segments import read_segments
from cslrkit.datasets.features import FeatureRows
from cslrkit.datasets.features.extracted import FORMAT, write_rows
from cslrkit.decoders.language_model.kneser_ney import read_sentences, train_ngrams, write_arpa
from cslrkit.decoders.language_model.ngram import read_arpa
from cslrkit.demo.limits import LimitedVideo, Limits
from cslrkit.engine.checkpoint_io import read_checkpoint
from cslrkit.engine.config import load_config
from cslrkit.engine.stored_config import config_values
from cslrkit.evaluation.functional.ctm import load_ctm
from cslrkit.evaluation.functional.stm import load_stm
from cslrkit.evaluation.report import score_files
from cslrkit.models.recognizers import EncodedBatch
from cslrkit.models.weights import read_weights
from cslrkit.registry import FEATURE_READERS
from cslrkit.structures import GlossVocab, SignDataSample
from cslrkit.structures.keypoint_layout import LAYOUTS
from cslrkit.utils.npy import save_object
from cslrkit.utils.tensor_files import write_tensor_file
from cslrkit.video.images import ImageClip
from cslrkit.video.inputs import open_clips
from cslrkit.video.keypoints import Keypoints, write_keypoints
from cslrkit.video.packed import CODECS, PackReader, pack_frames
from cslrkit.video.video_clip import VideoClip
from cslrkit.visualization.curves import LOG, load_curves
from cslrkit.visualization.html_report.results import load_results

sys.path.insert(0, str(Path(__file__).parents[1] / 'tests/helpers'))
_NAMES = ('a', 'b', 'c')
_VOCAB = GlossVocab.from_list(['REGEN', 'NORD', 'WIND'])


def make_readers(root: Path) -> Dict[str, Reader]:
    """Write the files below ``root``; returns what reads each, by a name."""
    readers: Dict[str, Reader] = {}
    for make in (_annotations, _texts, _tensors, _pictures, _packs, _keypoints, _features):
        folder = root / make.__name__
        folder.mkdir()
        readers.update(make(folder))
    return readers


def _annotations(root: Path) -> Dict[str, Reader]:
    from damaged_files import FILES, SPLIT_ROWS
    from downloaded_corpora import write

    readers = {}
    for layout, (name, text) in FILES.items():
        write(root / layout / name, text)
        readers[f'annotations {layout}'] = Reader(
            root / layout / name, partial(find_corpus(layout).read, root / layout, 'train')
        )
    split = root / 'csl-daily/sentence_label/split_1.txt'
    write(split, 'name|split\n' + ''.join(f'{name}|{split}\n' for name, split in SPLIT_ROWS.items()))
    readers['split file'] = readers['annotations csl-daily']._replace(path=split)
    rows = [dict(id=name, video=f'{name}.mp4', glosses='REGEN NORD', split='train', signer='s') for name in _NAMES]
    table = [','.join(rows[0]), *(','.join(row.values()) for row in rows)]
    elan = [f'gloss\t{start}\t{start + 300}\tREGEN' for start in (0, 400, 900)]
    write(root / 'table.csv', '\n'.join(table))
    write(root / 'table.json', json.dumps(rows))
    write(root / 'elan.txt', '\n'.join(['Tier\tstart_ms\tend_ms\tglosses', *elan]))
    for name in ('table.csv', 'table.json'):
        readers[name] = Reader(root / name, partial(Custom().read_file, root / name))
    readers['ELAN export'] = Reader(root / 'elan.txt', partial(read_segments, root / 'elan.txt'))
    info = {
        place: dict(fileid=name, folder=f'{name}/*.png', signer='s', label='REGEN', num_frames=5, original_info='')
        for place, name in enumerate(_NAMES)
    }
    save_object(root / 'train_info.npy', {'prefix': '', **info})
    save_object(root / 'gloss_dict.npy', {'REGEN': [1, 3], 'NORD': [2, 1]})
    readers['info.npy'] = Reader(root / 'train_info.npy', partial(read_entries, root / 'train_info.npy', where='train'))
    readers['gloss_dict.npy'] = Reader(root / 'gloss_dict.npy', partial(GlossVocab.from_file, root / 'gloss_dict.npy'))
    return readers


def _texts(root: Path) -> Dict[str, Reader]:
    from results_files import write_results

    results = write_results(root / 'results')
    stm, ctm = (next(results.parent.glob(f'*.{kind}')) for kind in ('stm', 'ctm'))
    (root / 'sentences.txt').write_text('REGEN NORD WIND\nNORD WIND\nREGEN\n')
    write_arpa(train_ngrams(read_sentences(root / 'sentences.txt'), 3), root / 'a.arpa')
    lines = [dict(epoch=epoch, step=epoch, loss=1 / (1 + epoch), wer=50.0) for epoch in range(4)]
    log = root / 'run/20250101' / LOG
    log.parent.mkdir(parents=True)
    log.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    config = load_config('slowfast/synthsign.py').to_dict()
    kept = {name: config[name] for name in ('model', 'param_scheduler', 'train_cfg')}
    (root / 'a.yaml').write_text(yaml.safe_dump(json.loads(json.dumps(kept, default=str))))
    manifest = Manifest(root)
    for name in _NAMES:
        manifest.add(dict(source=f'{name}.mp4', name=name, size=3, mtime_ns=5, sha256='0' * 64, files=[f'{name}.vtt']))
    (path,) = (each for each in root.iterdir() if 'manifest' in each.name)
    return {
        'STM': Reader(stm, partial(load_stm, stm)),
        'CTM': Reader(ctm, partial(load_ctm, ctm)),
        'scores': Reader(ctm, partial(score_files, stm, ctm)),
        'results': Reader(results, partial(load_results, results)),
        'ARPA': Reader(root / 'a.arpa', partial(read_arpa, root / 'a.arpa')),
        'log of a training': Reader(log, partial(load_curves, root / 'run')),
        'YAML': Reader(root / 'a.yaml', partial(load_config, root / 'a.yaml')),
        'manifest': Reader(path, lambda: Manifest(root).entries),
    }


def _tensors(root: Path) -> Dict[str, Reader]:
    tensors = {'backbone.a': torch.randn(4, 5), 'backbone.b': torch.arange(7), 'head.c': torch.randn(9).half()}
    config = load_config('slowfast/synthsign.py')
    meta = dict(cfg=json.dumps(config.to_dict(), default=str), vocab=_VOCAB.glosses, epoch=3, cslrkit_version='0.1.0')

    def said(path: Path) -> Any:
        content = read_checkpoint(path)
        config_values(content['meta'], where=path)
        state = {name: (str(tensor.dtype), tensor.tolist()) for name, tensor in content['state_dict'].items()}
        return state, content['meta']

    readers = {}
    for suffix in ('.pth', '.safetensors'):
        path = root / f'a{suffix}'
        write_tensor_file(path, tensors, meta)
        readers[path.suffix] = Reader(path, partial(said, path), sure=True)
    readers['.pth, parts exchanged'] = readers['.pth']._replace(sure=False)
    text = root / 'cfg.json'
    text.write_text(meta['cfg'])
    readers['stored config'] = Reader(
        text, lambda: config_values(dict(cfg=text.read_text(errors='replace')), where='a')
    )
    torch.save(dict(model_state_dict={'conv2d.a': torch.ones(3)}, rng=np.random.get_state()), root / 'a.pt')
    torch.save({'layer1.0.a': torch.ones(3)}, root / 'old.pth', _use_new_zipfile_serialization=False)
    (root / 'a.pkl').write_bytes(pickle.dumps(dict(blobs={'conv1_w': np.ones((2, 3))}), protocol=2))
    for name in ('a.pt', 'old.pth', 'a.pkl'):
        readers[f'weights {name}'] = Reader(root / name, partial(read_weights, root / name))
    origin = Origin('0' * 64, 'dev', 'seq/main', _VOCAB)
    log_probs = torch.randn(1, 6, 4).log_softmax(-1)
    sample = SignDataSample.create('a', (), glosses=['REGEN'], signer='s')
    write_outputs(root / 'a.npz', [EncodedBatch([sample], {'seq/main': log_probs}, [6], [12])], origin)
    readers['log-probabilities'] = Reader(root / 'a.npz', partial(read_outputs, root / 'a.npz', origin))
    return readers


def _pictures(root: Path) -> Dict[str, Reader]:
    import cv2
    from video_files import picture, write_clip

    readers = {}
    for suffix in ('.png', '.jpg', '.webp', '.bmp', '.tiff'):
        path = root / f'a{suffix}'
        cv2.imwrite(str(path), picture(3))
        readers[f'image {suffix}'] = Reader(
            path, lambda path=path: [each.image.tobytes() for each in ImageClip([str(path)], name='a').frames()]
        )
    for name, codec in (('a.mp4', 'libx264'), ('a.webm', 'libvpx'), ('a.avi', 'mjpeg'), ('a.mkv', 'ffv1')):
        path = Path(write_clip(root / name, codec, count=6, pixels='yuvj420p' if codec == 'mjpeg' else 'yuv420p'))
        readers[f'video {name}'] = Reader(path, partial(_count, VideoClip, str(path)))
    readers['upload'] = readers['video a.mp4']._replace(
        read=lambda: _count(LimitedVideo, str(root / 'a.mp4'), Limits(max_seconds=30))
    )
    return readers


def _count(kind: Callable, *arguments: Any) -> int:
    return sum(1 for _ in kind(*arguments).frames())


def _packs(root: Path) -> Dict[str, Reader]:
    from small_datasets import make_dataset, write_noisy_corpus

    write_noisy_corpus(root, [3, 2])
    readers = {}
    for codec in CODECS:
        folder = root / codec
        pack_frames(make_dataset(root), str(folder), codec=codec, workers=1)

        def read(folder: Path = folder) -> List[bytes]:
            pack = PackReader(str(folder), where='pack')
            found = [pack.find(f's{number}/*.png', where='pack') for number in range(2)]
            return [
                np.array(frame).tobytes()
                for shard, record, codec in found
                for frame in shard.decode(record, range(len(record.names)), codec=codec)
            ]

        (shard,) = folder.glob('*.frames')
        readers[f'pack {codec}'] = Reader(shard, read, sure=True)
        readers[f'index of pack {codec}'] = Reader(next(folder.glob('*.json')), read)
    return readers


def _keypoints(root: Path) -> Dict[str, Reader]:
    from keypoint_files import FRAMES, NAME, SIZE, dump, points, reader

    values, size = points(), np.array(SIZE)
    dump(root / 'a.pkl', {NAME: {'keypoints': values}}, compress=True)
    dump(root / 'b.pkl', {NAME: {'keypoint': torch.from_numpy(values), 'name': NAME}})
    shares = [frame[None, :, :2] / size for frame in values]
    dump(root / 'poses' / f'{NAME}.pkl', dict(keypoints=shares, scores=[frame[None, :, 2] for frame in values]))
    (root / 'arrays').mkdir()
    np.savez(root / 'arrays' / f'{NAME}.npz', keypoints=values)
    (root / 'plain').mkdir()
    np.save(root / 'plain' / f'{NAME}.npy', values)
    (root / 'openpose' / NAME).mkdir(parents=True)
    parts = dict(pose=25, face=70, hand_left=21, hand_right=21)
    person = {f'{part}_keypoints_2d': [1.5] * 3 * count for part, count in parts.items()}
    (root / 'openpose' / NAME / '000.json').write_text(json.dumps(dict(people=[person])))
    clip = Keypoints(values, LAYOUTS['wholebody133'], SIZE)
    write_keypoints(root / 'keypoints', 'dev', {NAME: clip}, layout=clip.layout, frame_rate=25)

    def read(kind: str, path: str) -> Any:
        found = reader(kind, root, path).read(NAME)
        return found.values.shape, found.frame_rate

    stored = root / 'keypoints/dev.json'
    return {
        'keypoints SLRT': Reader(root / 'a.pkl', partial(read, 'KeypointPickle', 'a.pkl')),
        'keypoints MSKA': Reader(root / 'b.pkl', partial(read, 'KeypointPickle', 'b.pkl')),
        'keypoints Uni-Sign': Reader(root / 'poses' / f'{NAME}.pkl', partial(read, 'UniSignPickles', 'poses')),
        'keypoints .npz': Reader(root / 'arrays' / f'{NAME}.npz', partial(read, 'KeypointArrays', 'arrays')),
        'keypoints .npy': Reader(root / 'plain' / f'{NAME}.npy', partial(read, 'KeypointArrays', 'plain')),
        'keypoints OpenPose': Reader(
            root / 'openpose' / NAME / '000.json', partial(read, 'OpenPoseFolders', 'openpose')
        ),
        'keypoints, own': Reader(root / 'keypoints/dev.npy', partial(read, 'StoredKeypoints', 'keypoints')),
        'index of keypoints': Reader(stored, lambda: [len(list(each.frames())) for each in open_clips(str(stored))]),
        **_pose(root, FRAMES, NAME, SIZE, read),
    }


def _pose(root: Path, frames: int, name: str, size: Any, read: Callable) -> Dict[str, Reader]:
    try:
        import pose_format
    except ImportError:
        return {}
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

    counts = dict(POSE_LANDMARKS=33, LEFT_HAND_LANDMARKS=21, RIGHT_HAND_LANDMARKS=21)
    parts = [PoseHeaderComponent(part, list(map(str, range(count))), [], [], 'XYZC') for part, count in counts.items()]
    body = NumPyPoseBody(25, np.ones((frames, 1, 75, 3), np.float32), np.ones((frames, 1, 75), np.float32))
    path = root / 'pose' / f'{name}.pose'
    path.parent.mkdir()
    with path.open('wb') as file:
        pose_format.Pose(PoseHeader(0.2, PoseHeaderDimensions(*size, 0), parts), body).write(file)
    return {'keypoints .pose': Reader(path, partial(read, 'PoseFiles', 'pose'))}


def _features(root: Path) -> Dict[str, Reader]:
    values = {name: np.arange(48, dtype=np.float32).reshape(12, 4) for name in _NAMES}
    entries = [dict(sample_id=name, num_frames=12) for name in _NAMES]
    rows = root / 'rows/train'
    rows.mkdir(parents=True)
    (root / 'rows/train.json').write_text(json.dumps(dict(format=FORMAT, complete=True, copies=0, samples=_NAMES)))
    for place, name in enumerate(_NAMES):
        write_rows(rows / f'{place:06d}.npz', FeatureRows(values[name], np.arange(12)))
        np.save(root / f'{name}.npy', values[name])
        padded = np.pad(values[name], ((6, 6), (0, 0)), mode='edge')
        save_object(root / f'{name}_features.npy', dict(label=torch.tensor([1]), features=torch.from_numpy(padded)))
    np.savez(root / 'a.npz', **values)
    records = [dict(name=f'train/{name}', signer='s', sign=torch.from_numpy(own)) for name, own in values.items()]
    (root / 'a.train').write_bytes(gzip.compress(pickle.dumps(records)))

    def read(**features: Any) -> Any:
        place = dict(where='corpus', data_root=str(root), split='train')
        found = FEATURE_READERS.build(features, default_args=place)
        found.check(entries)
        return [found.read(name).values.shape for name in _NAMES]

    array = partial(read, type='ArrayFeatures')
    readers = {
        'features .npy': Reader(root / 'a.npy', partial(array, path='{id}.npy')),
        'features .npz': Reader(root / 'a.npz', partial(array, path='a.npz')),
        'features signjoey': Reader(root / 'a.train', partial(read, type='PickledFeatures', files='a.{split}')),
        'features VAC': Reader(root / 'a_features.npy', partial(read, type='VACFeatures', path='.')),
        'features, own': Reader(rows / '000000.npz', partial(read, type='ExtractedFeatures', path='rows')),
        'index of features': Reader(root / 'rows/train.json', partial(read, type='ExtractedFeatures', path='rows')),
    }
    try:
        import h5py
    except ImportError:
        return readers
    with h5py.File(root / 'a.h5', 'w') as file:
        for name, own in values.items():
            file[name] = own
    return {**readers, 'features .h5': Reader(root / 'a.h5', partial(array, path='a.h5'))}
