"""When traces are wanted, and what is said where they cannot be sent."""

import sys

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from imgsvc.settings import SettingsError
from imgsvc.web.appkeys import REQUEST_ID
from imgsvc.web.tracing import Tracing, is_wanted

ON = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        (ON, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        (ON | {"OTEL_SDK_DISABLED": "TRUE"}, False),
        (ON | {"OTEL_SDK_DISABLED": "false"}, True),
        (ON | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (ON | {"OTEL_TRACES_EXPORTER": "otlp"}, True),
        (ON | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        (ON | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, True),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, False),
    ],
)
def test_when_they_are_wanted(environ, wanted):
    """An endpoint switches them on, unless a standard variable says otherwise."""
    assert is_wanted(environ) is wanted


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_a_protocol_that_is_not_spoken(name):
    """It is a fault of the settings, under its own name."""
    with pytest.raises(SettingsError) as raised:
        is_wanted(ON | {name: "grpc"})

    assert raised.value.faults == [f"{name}: only http/protobuf is spoken here, not grpc"]


class NoRoute:
    """What the router gives for a path that nobody has."""

    resource = None


class NoMatch:
    route = NoRoute


async def test_a_method_that_a_client_made_up():
    """Names of spans, by which backends keep their lists, come from us alone; so does the method's attribute."""
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tracing = Tracing(provider)

    async def refuse(request: web.Request) -> web.Response:
        request[REQUEST_ID] = "r"
        return web.Response(status=405)

    for method in ("BREW", "POST"):
        request = make_mocked_request(method, "/tea")
        request._match_info = NoMatch
        await tracing.follow(request, refuse)
    provider.shutdown()

    told = [(span.name, span.attributes["http.request.method"]) for span in spans.get_finished_spans()]
    assert told == [("HTTP", "_OTHER"), ("POST", "POST")]


def test_without_the_extra(monkeypatch):
    """Where the library is not installed, the fault says what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError) as raised:
        Tracing.open()

    assert raised.value.faults == ["OTEL_EXPORTER_OTLP_ENDPOINT: needs the extra otel: pip install imgsvc[otel]"]


@pytest.mark.parametrize("name", ["OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"])
def test_a_variable_that_the_library_does_not_take(monkeypatch, name):
    """It is a fault of the settings, in the library's words."""
    monkeypatch.setenv(name, "-4")
    with pytest.raises(SettingsError, match=r"^OTEL_\*: ") as raised:
        Tracing.open()

    assert len(raised.value.faults) == 1
