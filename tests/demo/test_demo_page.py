"""The page in a browser, served by the tool: examples, uploads, a phone, and what is left on disk."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cslrkit.utils.tensor_files import read_tensor_file, write_tensor_file

pytest.importorskip('gradio')
Keys = pytest.importorskip('selenium.webdriver.common.keys', reason='selenium is not installed').Keys

REPO = Path(__file__).parents[2]


OWN = """
from cslrkit.models.backbones import SlowFast
from cslrkit.registry import BACKBONES


@BACKBONES.register_module()
class OwnBackbone(SlowFast):
    pass
"""
PHONE = dict(width=390, height=844, deviceScaleFactor=1, mobile=True)


@pytest.fixture
def own_checkpoint(untrained_checkpoint, tmp_path):
    """A checkpoint with a class of one's own, which `own_parts` beside it registers."""
    (tmp_path / 'own_parts.py').write_text(OWN)
    stored = read_tensor_file(untrained_checkpoint)
    config = json.loads(stored['meta']['cfg'])
    config['model']['backbone']['type'] = 'OwnBackbone'
    write_tensor_file(tmp_path / 'own.pth', stored['state_dict'], {**stored['meta'], 'cfg': json.dumps(config)})
    return tmp_path / 'own.pth'


@pytest.fixture
def served(own_checkpoint, demo_video, tmp_path):
    """The running tool, its address, and the folder in which it may keep files."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    scratch = tmp_path / 'scratch'
    scratch.mkdir()
    command = [
        'tools/demo.py',
        '--checkpoint',
        own_checkpoint,
        '--import',
        'own_parts',
        '--port',
        port,
        '--device',
        'cpu',
    ]
    command += ['--examples', demo_video.parent, '--max-seconds', 30, '--max-megabytes', 1]
    path = os.pathsep.join([str(tmp_path), os.environ.get('PYTHONPATH', '')])
    environment = {
        **os.environ,
        'PYTHONPATH': path,
        'TMPDIR': str(scratch),
        'OMP_NUM_THREADS': '1',
        'PYTHONUNBUFFERED': '1',
    }
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
def test_what_a_visitor_does(browser, served, demo_video, tmp_path):
    process, address, scratch = served

    def find(selector):
        return browser.find_elements('css selector', selector)

    def run(selector):
        """Press Recognize; returns the text of new results."""
        browser.execute_script("document.querySelector('#results .clip-run').dataset.old = 1")
        find('#recognize')[0].click()
        wait_for(lambda: find(f'#results .clip-run:not([data-old]) {selector}'))
        return find('#results')[0].text

    def clear():
        browser.execute_script(
            "document.querySelectorAll('#clip button[aria-label=Clear]').forEach(each => each.click())"
        )

    def take_glosses_from(percent):
        field = find('#least input[type=number]')[0]
        field.send_keys(Keys.CONTROL, 'a')
        field.send_keys(f'{percent}\t')

    def upload(path):
        clear()
        wait_for(lambda: find('#clip input[type=file]'))[0].send_keys(str(path))
        wait_for(lambda: path.name in files_in(scratch))
        wait_for(lambda: find('#clip video'))

    browser.get(address)
    wait_for(lambda: find('#examples button'))[0].click()
    wait_for(lambda: find('#clip video'))
    assert f'{demo_video.name}: ' in run('video')
    assert find('#results tbody tr')
    assert browser.execute_script('return document.querySelector("#results img").naturalWidth') == 900
    wait_for(lambda: browser.execute_script('return document.querySelector("#results video").readyState') == 4)
    assert demo_video.is_file()

    chinese = tmp_path / '\u5929\u6c14 1.webm'
    shutil.copyfile(demo_video, chinese)
    upload(chinese)
    assert f'{chinese.name}: ' in run('video')
    wait_for(lambda: files_in(scratch) == [chinese.name])  # what was taken before has gone
    take_glosses_from(95)
    assert 'below 95 % confidence left out' in run('video')  # again, of the same upload

    browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', PHONE)
    try:
        assert browser.execute_script('return document.documentElement.scrollWidth') <= PHONE['width']
        take_glosses_from(90)
        assert 'below 90 % confidence left out' in run('video')
    finally:
        browser.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})

    bad = tmp_path / 'bad.mp4'
    bad.write_bytes(b'no video' * 99)
    upload(bad)
    assert run('[role=alert]').startswith("'bad.mp4' cannot be read as a video")

    large = tmp_path / 'large.mp4'
    large.write_bytes(bytes(2**20 + 1))
    clear()
    wait_for(lambda: find('#clip input[type=file]'))[0].send_keys(str(large))
    wait_for(lambda: any('maximum allowed size' in toast.text for toast in find('.toast-body')))

    # An upload goes with the page; one of an open page with the server.
    for leave in (lambda: browser.get('about:blank'), lambda: process.send_signal(signal.SIGTERM)):
        browser.get(address)
        wait_for(lambda: find('#clip input[type=file]'))
        upload(demo_video)
        time.sleep(1.5)  # until the server has been told of it
        leave()
        wait_for(lambda: not files_in(scratch))
    assert process.wait(20) == 0
    assert not list(scratch.glob('cslrkit-demo-*'))
    assert demo_video.stem not in process.stdout.read()  # nothing is logged of what was uploaded
