"""The HTTP server: aiohttp's runner, with connections of ours."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from aiohttp import web

from imgsvc.web.appkeys import SERVICES, Services
from imgsvc.web.connection import Connection
from imgsvc.web.hits.connection import HitConnection
from imgsvc.web.hits.table import HitTable
from imgsvc.web.logs import AccessLog
from imgsvc.web.middleware import problems
from imgsvc.web.newcomers import newcomers_have_asked

HEAD_SECONDS = 15.0
KEEPALIVE_SECONDS = 75.0
MAX_LINE_BYTES = 16 * 1024
MAX_FIELD_BYTES = 8 * 1024


class _Server(web.Server):
    """aiohttp's server, which makes a connection of ours for each client."""

    def __init__(
        self,
        made: web.Server,
        services: Services,
        connection: partial[Connection],
        loop: Any,
        options: dict[str, Any],
    ) -> None:
        answer = partial(problems, handler=made.request_handler, services=services)
        super().__init__(
            answer if services.tracing is None else partial(services.tracing.follow, handler=answer),
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            loop=loop,
            **options,
        )
        self._connection = connection

    def __call__(self) -> Connection:
        return self._connection(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """
    aiohttp's application runner, handing out connections of ours.

    Args:
        app: with its services.
        connection: makes a connection, given aiohttp's own arguments.
        options: aiohttp's own.
    """

    def __init__(self, app: web.Application, connection: partial[Connection], **options: Any) -> None:
        super().__init__(app, **options)
        self._connection = connection

    async def cleanup(self) -> None:
        """
        End: listen no more, then close what is idle, then wait for answers.

        A client that is connected and has not asked yet was promised an answer by our taking its connection, and few
        ask again where a new connection is closed on them: it gets a moment. Where the socket is another's, and goes
        on to listen, that makes a restart invisible.
        """
        for site in list(self.sites):
            await site.stop()
        await newcomers_have_asked(self._connected)
        await super().cleanup()

    def _connected(self) -> list[Connection]:
        return [] if self.server is None else cast("list[Connection]", self.server.connections)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        options = made._kwargs  # noqa: SLF001 - what this very runner was given
        return _Server(made, self.app[SERVICES], self._connection, self._kwargs.get("loop"), options)


def make_runner(
    app: web.Application, *, shutdown_timeout_seconds: float, access_log: Any, access_log_class: Any,
    head_timeout_seconds: float = HEAD_SECONDS,
) -> Runner:  # fmt: skip
    """
    Make the runner; with ``handler_cancellation``, else no handler would learn that its client left.

    Args:
        app: with its services, whose settings say how long a client may stall.
        shutdown_timeout_seconds: how long running answers may take at the end.
        access_log: handed to *access_log_class*.
        access_log_class: writes a line a request.
        head_timeout_seconds: longest wait for a request's head.
    """
    services = app[SERVICES]
    connection = partial(
        _connection_class(services, access_log, access_log_class),
        head_timeout_seconds=head_timeout_seconds,
        send_timeout_seconds=services.server.send_timeout_seconds,
        system_status=lambda: services.health.system_status.value,
        traffic=services.traffic,
    )
    return Runner(
        app,
        connection,
        handler_cancellation=True,
        keepalive_timeout=KEEPALIVE_SECONDS,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_FIELD_BYTES,
        shutdown_timeout=shutdown_timeout_seconds,
        access_log=access_log,
        access_log_class=access_log_class,
        auto_decompress=False,
    )


def _connection_class(services: Services, access_log: Any, access_log_class: Any) -> Callable[..., Connection]:
    """
    Choose who answers what memory has.

    A request that is traced is followed through the whole application; and only our own log can be told what was
    answered without it.
    """
    is_logged_by_us = access_log is None or issubclass(access_log_class, AccessLog)
    if services.server.hit_path and services.tracing is None and is_logged_by_us:
        return partial(HitConnection, hits=HitTable(services, None if access_log is None else access_log.put))
    return Connection
