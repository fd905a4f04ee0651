"""The page in a browser, served by the tool: an upload, a bad one, and what is left on disk."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip('gradio')

REPO = Path(__file__).parents[2]


@pytest.fixture
def served(demo_checkpoint, demo_video, tmp_path):
    """The running tool, its address, and the folder in which it may keep files."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    scratch = tmp_path / 'scratch'
    scratch.mkdir()
    command = ['tools/demo.py', '--checkpoint', demo_checkpoint, '--port', port, '--device', 'cpu']
    command += ['--examples', demo_video.parent, '--max-seconds', 30, '--max-megabytes', 1]
    environment = {**os.environ, 'TMPDIR': str(scratch), 'OMP_NUM_THREADS': '1', 'PYTHONUNBUFFERED': '1'}
    process = subprocess.Popen(
        [sys.executable, *map(str, command)],
        cwd=REPO,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    line = process.stdout.readline()
    assert line.startswith(f'The demo is at http://127.0.0.1:{port}/'), line + process.stdout.read()
    yield process, f'http://127.0.0.1:{port}/', scratch
    process.kill()
    process.stdout.close()
    process.wait()


def wait_for(found, seconds=60):
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found()


def files_in(folder):
    return [path.name for path in folder.rglob('*') if path.is_file()]


@pytest.mark.slow
def test_upload_results_and_nothing_left(browser, served, demo_video, tmp_path):
    process, address, scratch = served

    def find(selector):
        return browser.find_elements('css selector', selector)

    def recognize(path):
        wait_for(lambda: find('#clip input[type=file]'))[0].send_keys(str(path))
        wait_for(lambda: path.name in files_in(scratch))
        wait_for(lambda: find('#clip video'))
        find('#recognize')[0].click()

    browser.get(address)
    recognize(demo_video)
    wait_for(lambda: find('#results video'))
    text = find('#results')[0].text
    assert 'The upload has been deleted.' in text
    assert f'{demo_video.name}: ' in text
    assert find('#results tbody tr')
    assert browser.execute_script('return document.querySelector("#results img").naturalWidth') == 900
    wait_for(lambda: browser.execute_script('return document.querySelector("#results video").readyState') == 4)
    wait_for(lambda: not files_in(scratch))

    bad = tmp_path / 'bad.mp4'
    bad.write_bytes(b'no video' * 99)
    recognize(bad)
    wait_for(lambda: find('#results [role=alert]'))
    assert find('#results')[0].text.startswith("'bad.mp4' cannot be read as a video")
    wait_for(lambda: not files_in(scratch))

    large = tmp_path / 'large.mp4'
    large.write_bytes(bytes(2**20 + 1))
    wait_for(lambda: find('#clip input[type=file]'))[0].send_keys(str(large))
    wait_for(lambda: any('maximum allowed size' in toast.text for toast in find('.toast-body')))

    wait_for(lambda: find('#examples button'))[0].click()
    wait_for(lambda: find('#results video'))
    assert 'deleted' not in find('#results')[0].text
    assert demo_video.is_file()

    # An upload that is never recognized goes with the page; one of an open page with the server.
    for leave in (lambda: browser.get('about:blank'), lambda: process.send_signal(signal.SIGTERM)):
        browser.get(address)
        wait_for(lambda: find('#clip input[type=file]'))[0].send_keys(str(demo_video))
        wait_for(lambda: demo_video.name in files_in(scratch))
        wait_for(lambda: find('#clip video'))
        time.sleep(1.5)  # until the server has been told of it
        leave()
        wait_for(lambda: not files_in(scratch))
    assert process.wait(20) == 0
    assert not list(scratch.glob('cslrkit-demo-*'))
    assert demo_video.stem not in process.stdout.read()  # nothing is logged of what was uploaded
