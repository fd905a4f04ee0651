"""tools/visualize/*.py as processes, and what a training run leaves in TensorBoard."""

import cv2
import numpy as np
import pytest
from mmengine.visualization import Visualizer

from cslrkit.errors import ConfigError
from cslrkit.registry import HOOKS
from cslrkit.visualization.browse import _usage
from cslrkit.visualization.sign_visualization_hook import _add_text, picture_backends


@pytest.fixture(scope='module')
def trained(tiny_config, tmp_path_factory):
    """A work directory of one epoch, with heat maps asked for."""
    from cslrkit.apis import train_model
    from cslrkit.engine.config import load_config

    work_dir = tmp_path_factory.mktemp('run')
    config = load_config(tiny_config)
    config.train_cfg.max_epochs = 1
    hook = dict(
        type='SignVisualizationHook', num_samples=2, cam=dict(layer='backbone.s3', method='hirescam', regions=True)
    )
    config.default_hooks.visualization = hook
    train_model(config, work_dir)
    return work_dir


@pytest.mark.slow
def test_tensorboard_of_a_run(trained, tiny_corpus):
    accumulator = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    (file,) = trained.glob('*/vis_data/events*')
    events = accumulator.EventAccumulator(str(file))
    events.Reload()
    tags = events.Tags()
    assert {'loss', 'seq_ctc_main', 'lr', 'wer', 'wer/dev/seq', 'wer/dev/conv'} <= set(tags['scalars'])
    assert {'heat/left_hand', 'heat/face', 'area/elsewhere'} <= set(tags['scalars'])
    assert events.Scalars('wer/dev/seq')[0].value == events.Scalars('wer')[0].value
    groups = [name.split('/')[0] for name in tags['images']]
    assert sorted(groups) == ['alignment'] * 2 + ['cam'] * 2
    for name in tags['images']:
        image = cv2.imdecode(np.frombuffer(events.Images(name)[0].encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape[0] >= 40, name
        assert image.std() > 5, name
    texts = [name for name in tags['tensors'] if name.startswith('text/')]
    assert len(texts) == 2
    text = events.Tensors(texts[0])[0].tensor_proto.string_val[0].decode()
    assert '    REF  ' in text
    assert '    HYP  ' in text


@pytest.mark.slow
def test_cam_tool(trained, tiny_config, tiny_corpus, run_tool, tmp_path):
    folder = sorted(tiny_corpus.glob('features/*/dev/*/1'))[0]
    arguments = ('--checkpoint', trained, '--device', 'cpu', '--out', tmp_path)
    done = run_tool(
        'visualize/cam.py',
        folder,
        *arguments,
        '--layer',
        'backbone.s4',
        '--stream',
        'fast',
        '--format',
        'grid',
        'video',
    )
    name = folder.parent.name
    assert f'written: {tmp_path / name}.png' in done.stdout
    assert cv2.imread(str(tmp_path / f'{name}.png')) is not None
    capture = cv2.VideoCapture(str(tmp_path / f'{name}.webm'))
    assert capture.isOpened()
    assert capture.read()[1].shape == (256, 256, 3)
    wrong = run_tool('visualize/cam.py', folder, *arguments, '--layer', 'backbone.s9', check=False)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("error: layer: got 'backbone.s9'")
    split = ('--split', 'dev', '--config', tiny_config)
    wrong = run_tool('visualize/cam.py', *split, '--sample-id', f'{name}x', *arguments, check=False)
    assert wrong.returncode == 1
    assert f"Did you mean '{name}'" in wrong.stderr


def test_browse_tool(tiny_config, run_tool, tmp_path):
    done = run_tool(
        'visualize/browse_dataset.py', tiny_config, '--num', 1, '--draws', 2, '--seed', 3, '--video', '--out', tmp_path
    )
    (sheet,) = tmp_path.glob('*.png')
    assert sorted(path.name for path in tmp_path.glob('*.webm')) == [f'{sheet.stem}_seed{seed}.webm' for seed in (3, 4)]
    assert done.stdout.count('written: ') == 3
    assert cv2.imread(str(sheet)).shape[1] > 600
    wrong = run_tool('visualize/browse_dataset.py', tiny_config, '--sample-id', 'x', '--out', tmp_path, check=False)
    assert wrong.returncode == 1
    assert "sample id: got 'x', expected one of" in wrong.stderr


def test_draws_depend_on_their_seed_alone(tiny_config):
    from cslrkit.engine.config import load_config
    from cslrkit.visualization.browse import SampleBrowser

    browser = SampleBrowser(load_config(tiny_config), 'train')
    first, other = browser.run(0, seed=0, times=2)
    (again,) = browser.run(0, seed=0)
    assert first.sample.frame_indices == again.sample.frame_indices
    assert np.array_equal(first.images, again.images)
    assert first.images.shape != other.images.shape or not np.array_equal(first.images, other.images)


def test_bar_of_used_frames():
    never, once, often = _usage([1, 2, 2, 2], 4, 8)[0, ::2][[0, 1, 2]].tolist()
    assert _usage([1, 2, 2, 2], 4, 8).shape == (8, 8, 3)
    assert never != once != often
    assert _usage([0], 2, 2)[0, 1].tolist() == never


def test_texts_go_to_backends_that_take_them():
    class Plain:
        pass

    class Writer:
        def add_text(self, *arguments):
            self.got = arguments

    visualizer = Visualizer()
    writer = Writer()
    visualizer._vis_backends = dict(plain=Plain(), writer=writer)
    assert len(picture_backends(visualizer)) == 2
    _add_text(visualizer, 'text/a', 'x', 3)
    assert writer.got == ('text/a', 'x', 3)


def test_options_of_the_hook_are_checked():
    with pytest.raises(ConfigError, match=r"cam: got 'layr', expected .*'?layer'?.* Did you mean 'layer'"):
        HOOKS.build(dict(type='SignVisualizationHook', cam=dict(layr='backbone.s5')))
    for given in ('model', 'clip', 'targets'):
        with pytest.raises(ConfigError, match=f"cam: got '{given}'"):
            HOOKS.build(dict(type='SignVisualizationHook', cam={given: None}))
    with pytest.raises(ConfigError, match='num_samples'):
        HOOKS.build(dict(type='SignVisualizationHook', num_samples=-1))
