"""When traces are wanted, and what is said where they cannot be sent."""

import sys

import pytest

from imgsvc.settings import SettingsError
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
