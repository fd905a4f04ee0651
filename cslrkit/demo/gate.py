"""What stands before the page: bounds on what requests send, each and all together."""

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any, BinaryIO, Optional, Tuple, Union

from cslrkit.demo.limits import Limits

_FRAME = 1 << 16  # bytes beside the file in an upload: names and boundaries
_MAX_MESSAGE = 1 << 20  # bytes of any other request
_CHUNK = 1 << 16
_DRAINED = 8  # times what a request may have that is read of one that is refused, so that the browser reads why


class _LeftError(Exception):
    pass


class Gate:
    """ASGI middleware that takes in the whole body of a request before the page sees it.

    Until then it lies in a file without a name. So nothing is left of an upload that is broken off, too large or too
    slow, and a request of many files counts as one.

    Args:
        app: What is behind it.
        folder: Of the uploads.
        limits: What is allowed.
        patience: Seconds for which a request may send nothing.
    """

    def __init__(self, app: Any, *, folder: Union[str, Path], limits: Limits, patience: float = 60.0) -> None:
        self._app, self._folder, self._limits, self._patience = app, Path(folder), limits, patience
        self._expected = 0  # bytes of uploads under way

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or hand it on."""
        if scope['type'] != 'http' or scope['method'] != 'POST':
            await self._app(scope, receive, send)
            return
        is_upload = scope['path'].endswith('/upload')
        most = self._limits.max_bytes + _FRAME if is_upload else _MAX_MESSAGE
        size = int(dict(scope['headers']).get(b'content-length', most))
        refusal = self._refusal(size, most, is_upload)
        expected = size if is_upload and not refusal else 0
        self._expected += expected
        try:
            with tempfile.TemporaryFile(dir=self._folder) as body:
                taken = await self._take(receive, None if refusal else body, most)
                refusal = refusal or taken
                if refusal:
                    await _answer(send, *refusal)
                else:
                    body.seek(0)
                    await self._app(scope, _replay(body, receive), send)
        except _LeftError:
            return  # the visitor has left
        finally:
            self._expected -= expected

    def _refusal(self, size: int, most: int, is_upload: bool) -> Optional[Tuple[int, str]]:
        if size > most:
            return 413, f'The request has {size / 2**20:.1f} MB, expected at most {most / 2**20:.1f} MB. Cut the clip.'
        if is_upload and self._held() + self._expected + size > self._limits.max_total_megabytes * 2**20:
            return 503, 'Other visitors are uploading, and there is no room for more clips. Try again in a minute.'
        return None

    def _held(self) -> int:
        total = 0
        for folder, _, names in os.walk(self._folder):
            for name in names:
                with contextlib.suppress(FileNotFoundError):  # it was recognized just now
                    total += os.path.getsize(os.path.join(folder, name))
        return total

    async def _take(self, receive: Any, body: Optional[BinaryIO], most: int) -> Optional[Tuple[int, str]]:
        """Read a request into ``body``, or to nowhere; returns why it is refused, if it is.

        Raises:
            _LeftError: If it is broken off.
        """
        taken, more = 0, True
        while more:
            try:
                message = await asyncio.wait_for(receive(), self._patience)
            except asyncio.TimeoutError:
                return 408, f'Nothing was sent for {self._patience:g} seconds. Try again.'
            if message['type'] == 'http.disconnect':
                raise _LeftError
            content, more = message.get('body', b''), message.get('more_body', False)
            taken += len(content)
            if taken > most and (body is not None or taken > _DRAINED * most):
                return 413, f'The request is too large, expected at most {most / 2**20:.1f} MB. Cut the clip.'
            if body is not None:
                body.write(content)
        return None


def _replay(body: BinaryIO, receive: Any) -> Any:
    ended = False

    async def next_message() -> Any:
        nonlocal ended
        if ended:
            return await receive()
        content = body.read(_CHUNK)
        ended = len(content) < _CHUNK
        return dict(type='http.request', body=content, more_body=not ended)

    return next_message


async def _answer(send: Any, status: int, text: str) -> None:
    headers = [(b'content-type', b'text/plain; charset=utf-8'), (b'connection', b'close')]
    await send(dict(type='http.response.start', status=status, headers=headers))
    await send(dict(type='http.response.body', body=text.encode('utf-8')))
