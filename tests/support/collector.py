"""A scripted OpenTelemetry collector: takes spans over OTLP/HTTP and keeps them."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """One span as it came; ids are hex, empty where there is none."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    attributes: dict[str, object]
    failed: bool


@dataclass
class Collector:
    """What has come, on which port, and of whom."""

    port: int = 0
    spans: list[Span] = field(default_factory=list)
    resource: dict[str, object] = field(default_factory=dict)
    raw: list[bytes] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Give the settings that send spans here, soon."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}", "OTEL_BSP_SCHEDULE_DELAY": "50"}

    async def until(self, ready: Callable[[list[Span]], bool]) -> list[Span]:
        """Wait until what has come is enough."""
        async with asyncio.timeout(60):
            while not ready(self.spans):
                await asyncio.sleep(0.01)
        return list(self.spans)

    async def take(self, request: web.Request) -> web.Response:
        """Answer one export."""
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.raw.append(body)
        message = ExportTraceServiceRequest.FromString(body)
        for resource_spans in message.resource_spans:
            self.resource = _plain(resource_spans.resource.attributes)
            for scope in resource_spans.scope_spans:
                self.spans += [_read(span) for span in scope.spans]
        return web.Response(content_type="application/x-protobuf")


def _read(span) -> Span:
    return Span(
        span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.kind,
        _plain(span.attributes), span.status.code == span.status.STATUS_CODE_ERROR,
    )  # fmt: skip


def _plain(attributes) -> dict[str, object]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    """Listen on loopback until the end of the block."""
    made = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.port = runner.addresses[0][1]
        yield made
    finally:
        await runner.cleanup()
