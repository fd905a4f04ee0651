import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate

from cslrkit.apis import CSLRInferencer, init_recognizer
from cslrkit.apis.infer import read_clip
from cslrkit.corpora.synthsign import render_videos
from cslrkit.engine.config import load_config
from cslrkit.engine.stored_config import config_json, stored_config
from cslrkit.errors import CheckpointError, ConfigError, DataError, DataNotFoundError
from cslrkit.models.speed.cpu import TablePreprocessor
from cslrkit.models.weights import read_weights
from cslrkit.registry import DATASETS
from cslrkit.utils.tensor_files import write_tensor_file
from cslrkit.video import ArrayClip
from cslrkit.video.inputs import FailedInput


@pytest.fixture(scope='module')
def config(tiny_config):
    return load_config(tiny_config)


@pytest.fixture
def checkpoint(untrained_checkpoint):
    return untrained_checkpoint


@pytest.fixture(scope='module')
def inferencer(untrained_checkpoint):
    return CSLRInferencer(untrained_checkpoint, device='cpu', fold_bn=False)


@pytest.fixture(scope='module')
def videos(tiny_corpus, tmp_path_factory):
    return render_videos(tiny_corpus, count=2, out_dir=tmp_path_factory.mktemp('videos'), suffix='.mkv')


def test_config_and_vocabulary_travel_in_the_checkpoint(checkpoint, config):
    model, found = init_recognizer(checkpoint.parent, device='cpu')
    assert isinstance(model.data_preprocessor, TablePreprocessor)
    assert not model.training
    assert found.model.backbone == config.model.backbone
    assert len(model.vocab) + 1 == model.vocab.num_classes
    assert 'train_dataloader' not in found


def test_a_checkpoint_carries_the_path_of_its_language_model(checkpoint, config, videos, tmp_path):
    content = torch.load(checkpoint, weights_only=False)
    lines = [f'-2\t{gloss}' for gloss in ('</s>', *content['meta']['vocab'])]
    arpa = tmp_path / 'gloss.arpa'
    model = dict(type='NGram', path=str(arpa), alpha=0.5, beta=0.5)
    changed = config.copy()
    changed.model.decoder = dict(type='BeamDecoder', language_model=model)
    content['meta']['cfg'] = config_json(changed)
    torch.save(content, tmp_path / 'net.pth')
    with pytest.raises(
        DataNotFoundError, match=r"^model\.decoder\.language_model: .*gloss\.arpa' does not exist"
    ) as error:
        CSLRInferencer(str(tmp_path / 'net.pth'), device='cpu')
    assert '\n' not in str(error.value)
    arpa.write_text('\n'.join(['\\data\\', f'ngram 1={len(lines)}', '\\1-grams:', *lines, '\\end\\']))
    result = CSLRInferencer(str(tmp_path / 'net.pth'), device='cpu')([str(videos[0])], nbest=2)[0]
    for entry in result.to_dict()['nbest']:
        count = len(entry['glosses'])
        assert entry['lm_score'] == pytest.approx(0.5 * -2 * np.log(10) * (count + 1) + 0.5 * count, abs=1e-3)


def test_equals_testing(config, checkpoint, inferencer, videos):
    """A lossless video of a sentence gives what the sentence gives through the test loader."""
    dataset = DATASETS.build(config.test_dataloader.dataset)
    position = dataset.sample_ids.index(videos[0].stem)
    torch.manual_seed(1)  # the dataset draws its first frame; take one that begins with frame 0
    packed = next(clip for clip in (dataset[position] for _ in range(50)) if clip['data_samples'].frame_indices[0] == 0)
    clip = read_clip(str(videos[0]), inferencer.config)
    assert clip['data_samples'].frame_indices == packed['data_samples'].frame_indices
    assert (clip['inputs'].int() - packed['inputs'].int()).abs().max() <= 6  # FFV1 keeps half the colour resolution
    folder = os.path.dirname(dataset.frame_pattern(dataset.get_data_info(position)['folder']))
    source = os.path.join(dataset.frame_root, folder)
    with torch.no_grad():
        hyp = inferencer.model.test_step(pseudo_collate([packed]))[0].hyps['seq/main']
    result = inferencer(source, frame_rate=25)[0]
    assert result.glosses == hyp.glosses
    assert [span.frames for span in result.spans] == list(hyp.frame_spans)
    times = [(span.start, span.end) for span in result.spans]
    np.testing.assert_allclose(times, hyp.time_spans)
    assert all(0 <= span.confidence <= 1 for span in result.spans)


def test_batches_and_lists(inferencer, videos):
    paths = [str(path) for path in videos]
    alone = [inferencer(path)[0] for path in paths]
    together = inferencer(paths, batch_size=2)
    assert [r.name for r in together] == [path.stem for path in videos]
    assert [r.num_frames for r in together] == [r.num_frames for r in alone]
    assert [r.source for r in together] == paths


def test_long_videos_in_windows(inferencer):
    rng = np.random.RandomState(0)
    video = np.repeat(rng.randint(0, 255, (80, 14, 14, 3)), 8, axis=1).repeat(8, axis=2).astype(np.uint8)
    whole, windows = (inferencer(video, window=w, overlap=o, frame_rate=25)[0] for w, o in ((None, 0), (1.6, 0.6)))
    assert windows.num_windows > 1
    assert whole.num_windows == 1
    for result in (whole, windows):
        times = [time for span in result.spans for time in (span.start, span.end)]
        assert len(times) >= 4
        assert times == sorted(times)
        assert times[0] >= 0
        assert times[-1] <= 80 / 25 + 0.04


def test_nbest(inferencer, videos):
    result = inferencer(str(videos[0]), nbest=4)[0]
    assert result.nbest[0].glosses == result.glosses
    assert 1 < len(result.nbest) <= 4
    scores = [entry.score for entry in result.nbest]
    assert scores == sorted(scores, reverse=True)
    assert len({entry.glosses for entry in result.nbest}) == len(scores)


def test_read_clip_has_a_limit(inferencer, videos):
    with pytest.raises(DataError, match=r'longer than 0\.4 s'):
        read_clip(str(videos[0]), inferencer.config, max_seconds=0.4)
    frames = np.zeros((4, 112, 112, 3), np.uint8)
    spec = replace(inferencer.spec, frame_rate=None)
    with pytest.raises(DataError, match=r'no frame rate.*Give frame_rate'):
        read_clip(frames, inferencer.config, spec=spec, max_seconds=1.0)


def test_clips_without_a_frame_rate_have_that_of_the_corpus(inferencer):
    clip = ArrayClip(np.zeros((30, 50, 60, 3), np.uint8))
    (result,) = inferencer(clip)
    assert result.frame_rate == clip.frame_rate == inferencer.spec.frame_rate == 25


def test_wrong_arguments(checkpoint, config, inferencer):
    with pytest.raises(ConfigError, match='no weights'):
        CSLRInferencer(config)
    with pytest.raises(ConfigError, match='must be a config'):
        CSLRInferencer(checkpoint, checkpoint)
    with pytest.raises(ConfigError, match='device'):
        CSLRInferencer(checkpoint, device='toaster')
    with pytest.raises(ConfigError, match='half'):
        inferencer(np.zeros((4, 8, 8, 3), np.uint8), window=4, overlap=3)
    with pytest.raises(DataError, match='got none'):
        inferencer([])


def stored(**values):
    """What a checkpoint with such a config gives."""
    return stored_config(dict(cfg=json.dumps(values)), where='x.pth')


def test_stored_configs_run_nothing():
    for kind in ('os.system', 'antigravity', 'mmengine.load', 'BackBone'):
        with pytest.raises(CheckpointError, match='no registered'):
            stored(model=dict(type='CSLRRecognizer', backbone=dict(type=kind)))
    for own, near in (
        (dict(losses=dict(main=dict(type='CTClos'))), r"registered class\. Did you mean 'CTCLoss'\?"),
        (dict(decoder=dict(type='BeamDecode')), "Did you mean 'BeamDecoder' or 'GreedyDecoder'\\?"),
        (dict(neck=dict(type='BeamDecode')), r'no registered class\. Import'),  # nothing of another kind is named
    ):
        with pytest.raises(CheckpointError, match=near):
            stored(model=dict(type='CSLRRecognizer', **own))
    for kind in ([1], {'a': 1}, 3):
        with pytest.raises(CheckpointError, match='no registered'):
            stored(model=dict(type=kind))
    with pytest.raises(CheckpointError, match=r'test_dataloader = \[1\], expected a dict'):
        stored(model=dict(type='CSLRRecognizer'), test_dataloader=[1])
    with pytest.raises(CheckpointError, match='carries no config'):
        stored_config({}, where='x.pth')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('model = open("x")', r"the config in 'x\.pth' is not JSON \(ValueError\)\. Give the config with --config"),
        ('import os', r'is not JSON \(ValueError\)'),
        ('model = ' + '(' * 5000, r'is not JSON \((SyntaxError|MemoryError|RecursionError)\)'),
        ('{"model": ', r"the config in 'x\.pth' is not JSON \(JSONDecodeError\)\. Give"),
        ('[' * 100_000, r'is not JSON \(RecursionError\)'),
        ('[1, 2]', r'is \[1, 2\], expected an object'),
    ],
)
def test_configs_that_cannot_be_read(text, message):
    with pytest.raises(CheckpointError, match=message):
        stored_config(dict(cfg=text), where='x.pth')


def test_the_python_text_of_an_earlier_release_is_read_as_data():
    text = "max_epochs = 2\nmodel = dict(\n    type='CSLRRecognizer', losses=[dict(type='CTCLoss', weight=-1.0)])\n"
    found = stored_config(dict(cfg=text), where='x.pth')
    assert found.model == dict(type='CSLRRecognizer', losses=[dict(type='CTCLoss', weight=-1.0)])


@pytest.mark.parametrize('name', ['slowfast/phoenix2014', 'slowfast/csl-daily', 'starter/resnet18_linear_synthsign'])
def test_configs_survive_the_checkpoint(name):
    full = load_config(f'configs/{name}.py')
    found = stored_config(dict(cfg=config_json(full)), where=name)
    assert found.model == full.model
    lists = json.loads(json.dumps(full.test_dataloader.dataset))  # JSON knows no tuples
    assert found.test_dataloader.dataset == lists


@pytest.mark.slow
def test_the_tool(run_tool, checkpoint, videos, tmp_path):
    out = tmp_path / 'out'
    done = run_tool(
        'infer.py', *videos, '--checkpoint', checkpoint, '--device', 'cpu', '--out-dir', out, '--format', 'json', 'vtt',
        '--video', tmp_path / 'captions', '--nbest', 2,
    )  # fmt: skip
    assert done.stdout.count('25 frames/s') == 2
    assert [r['name'] for r in json.loads((out / 'results.json').read_text(encoding='utf-8'))] == [
        path.stem for path in videos
    ]
    assert sorted(p.name for p in (tmp_path / 'captions').iterdir()) == sorted(f'{p.stem}.mp4' for p in videos)
    early = run_tool('infer.py', videos[0], '--checkpoint', 'none', '--out-dir', out, '--format', 'jsn', check=False)
    assert "format: got 'jsn', expected one of 'text', 'json'" in early.stderr  # before anything is read or recognized
    (tmp_path / 'bad.mp4').write_bytes(b'no video at all')
    done = run_tool('infer.py', tmp_path / 'bad.mp4', '--checkpoint', checkpoint, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith(f"error: video: '{tmp_path / 'bad.mp4'}' cannot be read")


@pytest.mark.parametrize('batch_size', [1, 3])
def test_one_bad_input_does_not_end_the_others(inferencer, videos, tmp_path, batch_size):
    (tmp_path / 'empty.mp4').touch()
    damaged = ArrayClip(np.zeros((3, 50, 60, 3), np.uint8), name='damaged', frame_rate=25)
    damaged.frames = lambda: (_ for _ in ()).throw(DataError("'damaged' cannot be read"))
    inputs = [str(videos[0]), damaged, str(tmp_path / 'empty.mp4'), str(tmp_path / 'gone*.mp4'), str(videos[1])]
    outcomes = list(inferencer.recognize_each(inputs, batch_size=batch_size))
    failed = [each for each in outcomes if isinstance(each, FailedInput)]
    assert sorted(map(str, failed)) == sorted(
        [
            f"video: '{tmp_path}/empty.mp4' is empty. Give a video file, or a folder of frames.",
            f"input: nothing matches '{tmp_path}/gone*.mp4', looked for from {os.getcwd()!r}.",
            "'damaged' cannot be read",
        ]
    )
    results = [each for each in outcomes if each not in failed]
    assert [each.name for each in results] == [path.stem for path in videos]
    alone = inferencer([str(path) for path in videos])
    assert [each.num_windows for each in results] == [each.num_windows for each in alone]
    if batch_size == 1:  # in a batch the shorter clips are padded
        assert [each.glosses for each in results] == [each.glosses for each in alone]


def test_the_tool_writes_what_works_and_lists_what_fails(run_tool, checkpoint, videos, tmp_path):
    (tmp_path / 'bad.mp4').write_bytes(b'no video at all')
    done = run_tool(
        'infer.py', videos[0], tmp_path / 'bad.mp4', 'gone.mp4', videos[1], '--checkpoint', checkpoint,
        '--device', 'cpu', '--out-dir', tmp_path / 'out', '--jsonl', tmp_path / 'lines.jsonl', check=False,
    )  # fmt: skip
    assert done.returncode == 1
    results = json.loads((tmp_path / 'out/results.json').read_text(encoding='utf-8'))
    assert [result['name'] for result in results] == [path.stem for path in videos]
    head, *reasons = done.stderr.strip().splitlines()[-3:]
    assert head == 'error: 2 of 4 inputs failed:'
    assert reasons[0].startswith(f"  video: '{tmp_path / 'bad.mp4'}' cannot be read")
    assert reasons[1].startswith("  input: 'gone.mp4' does not exist")
    lines = [json.loads(line) for line in (tmp_path / 'lines.jsonl').read_text(encoding='utf-8').splitlines()]
    assert [sorted(line)[:1] for line in lines] == [['error'], ['error'], ['frame_rate'], ['frame_rate']]
    wrong = run_tool('infer.py', 'a.mp4', '--checkpoint', 'x', '--jsonl', 'b.mp4', check=False)
    assert "--jsonl: got 'b.mp4', expected a name that ends in .jsonl" in wrong.stderr


def test_a_checkpoint_of_something_else_is_named(checkpoint, tmp_path):
    content = read_weights(checkpoint)
    write_tensor_file(tmp_path / 'vocab.pth', content.tensors, dict(content.content['meta'], vocab=7))
    with pytest.raises(CheckpointError, match=r"vocab.pth' has a vocabulary that is no list of glosses"):
        init_recognizer(tmp_path / 'vocab.pth')
