"""The HTTP server: aiohttp's runner, with connections that do not wait for ever and errors that are documents."""

import asyncio
from typing import Any

from aiohttp import web

from imgsvc.web.error_map import problem_for_status
from imgsvc.web.middleware import problem_response
from imgsvc.web.request_ids import new_request_id

HEAD_SECONDS = 15.0
KEEPALIVE_SECONDS = 75.0
MAX_LINE_BYTES = 16 * 1024
MAX_FIELD_BYTES = 8 * 1024


class Connection(web.RequestHandler):
    """One client's connection: a request's head has to be there within 15 s of its first byte, or of connecting."""

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes; what leaves no whole head behind is the beginning of one."""
        super().data_received(data)
        if self._messages or self._request_in_progress:
            self._head_came()
        elif self._head_timer is None:
            self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop waiting."""
        self._head_came()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - tells of parser internals, which are nobody's business
    ) -> web.StreamResponse:
        """Answer what is not even HTTP, or a fault of the framework, like every other error."""
        if status >= 500:  # noqa: PLR2004 - server errors
            self.log_exception("Error handling request", exc_info=exc)
        response = problem_response(problem_for_status(status), new_request_id())
        response.force_close()
        return response

    def _await_head(self) -> None:
        self._head_timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self.force_close)

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class _Server(web.Server):
    def __call__(self) -> Connection:
        return Connection(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """aiohttp's application runner, handing out connections of ours."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            loop=self._kwargs.get("loop"),
            **made._kwargs,  # noqa: SLF001 - what this very runner was given
        )


def make_runner(
    app: web.Application, *, shutdown_timeout_seconds: float, access_log: Any, access_log_class: Any
) -> Runner:
    """Make the runner; with ``handler_cancellation``, else no handler would learn that its client left."""
    return Runner(
        app,
        handler_cancellation=True,
        keepalive_timeout=KEEPALIVE_SECONDS,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_FIELD_BYTES,
        shutdown_timeout=shutdown_timeout_seconds,
        access_log=access_log,
        access_log_class=access_log_class,
    )
