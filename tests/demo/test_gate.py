"""The bounds on requests: one by one, all together, broken off, slow, and of 50 users at a time."""

import asyncio

import pytest

from cslrkit.demo import Limits
from cslrkit.demo.gate import Gate

MEGABYTE = 2**20


class Page:
    """Reads a request to its end and keeps it, as the page does."""

    def __init__(self, folder):
        self.folder, self.bodies = folder, []

    async def __call__(self, scope, receive, send):
        parts, more = [], True
        while more:
            message = await receive()
            parts.append(message['body'])
            more = message['more_body']
            await asyncio.sleep(0)
        self.bodies.append(b''.join(parts))
        (self.folder / f'{len(self.bodies)}.mp4').write_bytes(self.bodies[-1])
        await send(dict(type='http.response.start', status=200, headers=[]))
        await send(dict(type='http.response.body', body=b'taken'))


def make(folder, **options):
    limits = Limits(max_megabytes=1, **{key: options.pop(key) for key in list(options) if key.startswith('max')})
    page = Page(folder)
    return page, Gate(page, folder=folder, limits=limits, **options)


async def post(gate, content, *, path='/gradio_api/upload', announced=True, broken_off=False, pause=None):
    """Send ``content`` in pieces; returns status and text of the answer, None where there is none."""
    pieces = [content[start : start + 50_000] for start in range(0, len(content), 50_000)] or [b'']
    answer = []

    async def receive():
        await asyncio.sleep(0 if pause is None else pause)
        if not pieces or (broken_off and len(pieces) == 1):
            return dict(type='http.disconnect')
        body = pieces.pop(0)
        return dict(type='http.request', body=body, more_body=bool(pieces))

    async def send(message):
        answer.append(message)

    headers = [(b'content-length', str(len(content)).encode())] if announced else []
    await gate(dict(type='http', method='POST', path=path, headers=headers), receive, send)
    return (answer[0]['status'], answer[1]['body'].decode()) if answer else None


@pytest.mark.parametrize('size', [0, 1, 65_536, 131_072, 1_000_000])
def test_a_request_reaches_the_page_as_it_was_sent(tmp_path, size):
    page, gate = make(tmp_path)
    (tmp_path / 'gone').symlink_to('nowhere')  # as a file that is removed while sizes are added up
    content = bytes(range(256)) * (size // 256) + b'x' * (size % 256)
    assert asyncio.run(post(gate, content)) == (200, 'taken')
    assert page.bodies == [content]


@pytest.mark.parametrize('announced', [True, False])
def test_what_is_too_large_is_refused_and_nothing_is_left(tmp_path, announced):
    page, gate = make(tmp_path)
    status, text = asyncio.run(post(gate, bytes(40 * MEGABYTE // 8), announced=announced))
    assert status == 413
    assert 'expected at most 1.1 MB. Cut the clip.' in text
    assert asyncio.run(post(gate, bytes(2 * MEGABYTE), path='/gradio_api/queue/join'))[0] == 413
    assert not page.bodies
    assert not list(tmp_path.iterdir())


def test_what_is_broken_off_or_slow_leaves_nothing(tmp_path):
    page, gate = make(tmp_path, patience=0.05, max_total_megabytes=1.5)
    for _ in range(5):  # room that was kept for it is free again
        assert asyncio.run(post(gate, bytes(MEGABYTE), broken_off=True)) is None
    status, text = asyncio.run(post(gate, bytes(MEGABYTE), pause=1))
    assert (status, text) == (408, 'Nothing was sent for 0.05 seconds. Try again.')
    assert not list(tmp_path.iterdir())
    assert asyncio.run(post(gate, bytes(MEGABYTE))) == (200, 'taken')
    assert len(page.bodies) == 1


def test_fifty_users_at_a_time(tmp_path):
    """There is room for five clips; every third user leaves, and all who stay are served or told why not."""
    _, gate = make(tmp_path, max_total_megabytes=5)

    async def all_at_once():
        return await asyncio.gather(
            *(post(gate, bytes([user]) * MEGABYTE, broken_off=user % 3 == 0, pause=0.001) for user in range(50))
        )

    answers = asyncio.run(all_at_once())
    assert all(answer is None for answer in answers[::3])
    served = [answer for answer in answers if answer == (200, 'taken')]
    refused = [answer for answer in answers if answer and answer[0] == 503]
    assert len(served) + len(refused) == 33
    assert 1 <= len(served) <= 5
    assert len(list(tmp_path.iterdir())) == len(served)
    assert 'there is no room for more clips. Try again in a minute.' in refused[0][1]
    assert gate._expected == 0
    for path in tmp_path.iterdir():  # those clips have been recognized
        path.unlink()
    assert asyncio.run(post(gate, bytes(MEGABYTE))) == (200, 'taken')


def test_what_is_no_post_is_handed_on(tmp_path):
    seen = []

    async def page(scope, receive, send):
        seen.append((scope['type'], receive, send))

    asyncio.run(Gate(page, folder=tmp_path, limits=Limits())(dict(type='http', method='GET'), 1, 2))
    asyncio.run(Gate(page, folder=tmp_path, limits=Limits())(dict(type='lifespan'), 3, 4))
    assert seen == [('http', 1, 2), ('lifespan', 3, 4)]
