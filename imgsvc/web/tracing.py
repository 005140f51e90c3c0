"""
OpenTelemetry traces: a span a request, and one for each part of the work behind it.

Nothing of OpenTelemetry is loaded unless :func:`is_wanted`. Queries are left out: they name sources, and may be signed.
"""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import Context
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.hdrs import METH_ALL
from aiohttp.typedefs import Handler

from imgsvc import __version__
from imgsvc.services.tracing import followed_by
from imgsvc.settings import SettingsError
from imgsvc.web.appkeys import REQUEST_ID
from imgsvc.web.header_names import X_CACHE, X_SOURCE
from imgsvc.web.shown import shown_path

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

END_SECONDS = 3.0
"""How long the last spans may take to leave: a collector that is away must not keep a process from its end."""

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"
_SERVER_ERRORS = 500


def is_wanted(environ: Mapping[str, str]) -> bool:
    """
    Whether the standard variables switch traces on: an endpoint is named, and nothing says otherwise.

    Raises:
        SettingsError: they ask for a protocol other than http/protobuf.
    """
    if not any(environ.get(name) for name in _ENDPOINTS):
        return False
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    name, protocol = next(((n, environ[n]) for n in _PROTOCOLS if environ.get(n)), ("", _PROTOCOL))
    if protocol != _PROTOCOL:
        raise SettingsError([f"{name}: only {_PROTOCOL} is spoken here, not {protocol}"])
    return True


class Tracing:
    """
    Makes spans of requests; a :class:`imgsvc.services.tracing.Follower`. :meth:`aclose` once.

    Args:
        provider: makes, samples and sends spans; ended with this.
    """

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.context import attach, get_current  # noqa: PLC0415 - see the module
        from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        self._provider = provider
        self._tracer = provider.get_tracer("imgsvc", __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._attach, self._present = attach, get_current
        self._kind = SpanKind.SERVER
        self._error = Status(StatusCode.ERROR)

    @classmethod
    def open(cls) -> "Tracing":
        """
        Send spans to where the standard variables say, in a thread of the library's own.

        Raises:
            SettingsError: the extra is not installed, or a standard variable says what the library does not take.
        """
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
            from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        except ImportError as error:
            raise SettingsError([f"{_ENDPOINTS[1]}: needs the extra otel: pip install imgsvc[otel]"]) from error
        resource = Resource.create({"service.version": __version__})
        if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
            resource = resource.merge(Resource({SERVICE_NAME: "imgsvc"}))
        try:
            provider = TracerProvider(resource=resource, shutdown_on_exit=False)
            provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        except (ValueError, OSError) as error:
            raise SettingsError([f"OTEL_*: {error}"]) from error
        return cls(provider)

    def part(self, name: str) -> AbstractContextManager[object]:
        """Make a span of a part of the work; an error in it is named, without its text."""
        return self._span(name)

    def carry_to(self, context: Context) -> None:
        """Have spans begun in *context* be children of the present one."""
        context.run(self._attach, self._present())

    async def follow(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer *request* inside a span; the client's ``traceparent`` is its parent (W3C Trace Context)."""
        context = self._propagator.extract(request.headers)
        with (
            self._tracer.start_as_current_span(
                "HTTP", context, kind=self._kind, record_exception=False, set_status_on_exception=False
            ) as span,
            followed_by(self),
        ):
            try:
                response = await handler(request)
            except BaseException:  # the client has left, see problems()
                span.set_attribute("imgsvc.aborted", value=True)
                raise
            finally:
                _name(span, request)
            self._note(span, request, response)
        return response

    async def aclose(self) -> None:
        """Send what is left; give up after three seconds."""
        ended, loop = asyncio.Event(), asyncio.get_running_loop()

        def end() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # the loop waited for long enough, and is gone
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=end, daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await ended.wait()

    @contextmanager
    def _span(self, name: str) -> Iterator[None]:
        with self._tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(self._error)
                raise

    def _note(self, span: "Span", request: web.Request, response: web.StreamResponse) -> None:
        """Say how it was answered, by OpenTelemetry's names where it has some (HTTP server spans)."""
        headers = response.headers
        span.set_attribute("http.response.status_code", response.status)
        span.set_attribute("imgsvc.request_id", request[REQUEST_ID])
        if X_CACHE in headers:
            span.set_attribute("imgsvc.tier", headers[X_SOURCE])
            span.set_attribute("imgsvc.cache", headers[X_CACHE].lower())
        if response.status >= _SERVER_ERRORS:
            span.set_status(self._error)


def _name(span: "Span", request: web.Request) -> None:
    """Name the span after method and route, which is known only now; after nothing that a client made up."""
    resource, method = request.match_info.route.resource, request.method
    is_known = method in METH_ALL
    span.set_attribute("http.request.method", method if is_known else "_OTHER")
    span.set_attribute("url.path", shown_path(request.rel_url.raw_path))
    if resource is not None:
        span.set_attribute("http.route", resource.canonical)
    if is_known:
        span.update_name(method if resource is None else f"{method} {resource.canonical}")
