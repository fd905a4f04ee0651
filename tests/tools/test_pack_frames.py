import pytest

pytest.importorskip('zstandard')


@pytest.mark.parametrize('codec', ['zstd', 'files'])
def test_pack_verify_and_train(run_tool, tiny_config, tiny_corpus, tmp_path, codec):
    out = tmp_path / 'pack'
    done = run_tool('pack_frames.py', tiny_config, '--out', out, '--codec', codec, '--shard-frames', 200)
    assert [line.split(':')[0] for line in done.stdout.splitlines()] == ['train', 'dev', 'test']
    assert f'codec {codec}, verified' in done.stdout
    done = run_tool('pack_frames.py', tiny_config, '--out', out, '--verify')
    assert done.stdout.count('all in order') == 3
    if codec == 'files':
        return
    options = ('train_cfg.max_epochs=1', 'train_dataloader.num_workers=2')
    scores = []
    for frames in ((), ('frames.backend=packed', f'frames.path={out}')):
        work_dir = tmp_path / f'run{len(scores)}'
        done = run_tool(
            'train.py', tiny_config, '--work-dir', work_dir, '--seed', 1, '--cfg-options', *options, *frames
        )
        lines = [line for line in (done.stdout + done.stderr).splitlines() if 'loss' in line]
        scores.append([line.split('loss')[-1].split()[0] for line in lines])
    assert scores[0] == scores[1]
    assert scores[0]


def test_errors_are_one_line(run_tool, tmp_path, tiny_config, tiny_corpus):
    done = run_tool('pack_frames.py', 'phoenix2014', '--root', tmp_path, check=False)
    assert done.returncode == 1
    assert "no *_info.npy in '" in done.stderr
    assert 'Traceback' not in done.stderr
    done = run_tool('pack_frames.py', tiny_config, '--split', 'nope', check=False)
    assert done.returncode == 1
    assert 'got --split nope, it has train, dev, test' in done.stderr
    done = run_tool('pack_frames.py', tiny_config, '--verify', '--out', tmp_path / 'none', check=False)
    assert done.returncode == 1
    assert 'Pack the corpus with tools/pack_frames.py' in done.stderr
    done = run_tool('pack_frames.py', 'phoenix2014', check=False)
    assert done.returncode == 2
    assert 'phoenix2014 needs --root' in done.stderr


def test_config_names_a_wrong_backend(run_tool, tiny_config):
    done = run_tool('train.py', tiny_config, '--cfg-options', 'frames.backend=paked', check=False)
    assert done.returncode == 1
    assert 'frames.backend' in done.stderr
    assert "Did you mean 'packed'" in done.stderr
    done = run_tool('train.py', tiny_config, '--cfg-options', 'train_dataloader.dataset.frames.bakend=x', check=False)
    assert done.returncode == 1
    assert "'bakend'" in done.stderr
