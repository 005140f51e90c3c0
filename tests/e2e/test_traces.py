"""OpenTelemetry from outside: the process, the standard variables, and a collector that is there or not."""

import subprocess
import sys

import aiohttp

from tests.support.collector import collector
from tests.support.origin import ScriptedOrigin
from tests.support.pictures import png
from tests.support.process import ROOT, run, service_process
from tests.support.service import IMAGES, environment
from tests.support.tools import free_ports

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SERVER = 2
"""``SPAN_KIND_SERVER`` of OTLP."""


async def test_a_request_and_its_parts(tmp_path):
    """A miss has spans of its parts, below the client's own; a hit has one; no query and no source is in any."""
    async with ScriptedOrigin() as origin, collector() as received, aiohttp.ClientSession() as session:
        origin.serve("/secret.png", png())
        env = environment(tmp_path, origin.port, **received.environment)
        async with service_process(tmp_path, **env) as service:
            parameters = {"url": origin.url("/secret.png"), "w": "10", "f": "png"}
            headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            for _ in range(2):
                async with session.get(service.base_url + IMAGES, params=parameters, headers=headers) as answer:
                    assert answer.status == 200
                    request_id = answer.headers["X-Request-Id"]
            async with session.get(service.base_url + "/nowhere") as answer:
                assert answer.status == 404
            spans = await received.until(lambda spans: len([s for s in spans if s.kind == SERVER]) == 3)
            assert await service.end() == 0

    missed, hit, lost = (span for span in spans if span.kind == SERVER)
    assert {span.trace for span in spans if span is not lost} == {TRACE}
    assert lost.trace != TRACE
    assert [span.name for span in (missed, hit, lost)] == [f"GET {IMAGES}", f"GET {IMAGES}", "GET"]
    assert (missed.parent, hit.parent, lost.parent) == (PARENT, PARENT, "")
    parts = [span for span in spans if span.kind != SERVER]
    assert {span.name for span in parts} == {"store", "queue", "fetch", "transform"}
    assert {span.parent for span in parts} == {missed.id}
    assert hit.attributes == {
        "http.request.method": "GET", "url.path": IMAGES, "http.route": IMAGES, "http.response.status_code": 200,
        "imgsvc.request_id": request_id, "imgsvc.tier": "memory", "imgsvc.cache": "hit",
    }  # fmt: skip
    assert missed.attributes["imgsvc.cache"] == "miss"
    assert not any(span.failed for span in spans)
    assert received.resource["service.name"] == "imgsvc"
    assert not [body for body in received.raw if b"secret.png" in body]
    assert "traceparent" not in {name.lower() for name in origin.requests[0].headers}


async def test_what_fails_is_marked(tmp_path):
    """The part that failed names the error's class, and an answer of 500 or above is an error."""
    async with ScriptedOrigin() as origin, collector() as received, aiohttp.ClientSession() as session:
        origin.serve("/a.png", b"", status=500)
        async with service_process(tmp_path, **environment(tmp_path, origin.port, **received.environment)) as service:
            async with session.get(service.base_url + IMAGES, params={"url": origin.url("/a.png")}) as answer:
                assert answer.status == 502
            spans = await received.until(lambda spans: any(span.kind == SERVER for span in spans))

    assert {span.name for span in spans if span.failed} == {"fetch", f"GET {IMAGES}"}
    (fetch,) = (span for span in spans if span.name == "fetch")
    assert fetch.attributes == {"error.type": "OriginStatus"}


async def test_who_is_not_sampled_sends_nothing(tmp_path):
    """A client that says that its trace is not kept has no spans here; the service's own name may be another."""
    async with ScriptedOrigin() as origin, collector() as received, aiohttp.ClientSession() as session:
        env = environment(tmp_path, origin.port, **received.environment, OTEL_SERVICE_NAME="pictures")
        async with service_process(tmp_path, **env) as service:
            for flags in ("00", "01"):
                headers = {"traceparent": f"00-{TRACE}-{PARENT}-{flags}"}
                async with session.get(f"{service.base_url}/api/health/{flags}", headers=headers) as answer:
                    assert answer.status == 404
            assert await service.end() == 0

    assert [span.attributes["url.path"] for span in received.spans] == ["/api/health/01"]
    assert received.resource["service.name"] == "pictures"


async def test_a_collector_that_is_away_holds_nobody_up(tmp_path):
    """Requests are answered, and the process ends in time, with code 0."""
    (port,) = free_ports(1)
    async with aiohttp.ClientSession() as session:
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
        async with service_process(tmp_path, **environment(tmp_path, 9, **endpoint)) as service:
            async with session.get(service.base_url + "/api/health") as answer:
                assert answer.status == 200
            assert await service.end() == 0


async def test_another_protocol_is_a_fault(tmp_path):
    """What cannot be spoken ends the program with a line, rather than be silent for ever."""
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    code, _, err = await run(tmp_path, "serve", "--port", "0", **endpoint)

    assert code == 2
    assert "OTEL_EXPORTER_OTLP_PROTOCOL: only http/protobuf is spoken here, not grpc" in err


def test_nothing_of_it_is_loaded_unless_wanted():
    """The service without traces imports neither what makes spans nor what sends them (redis imports other parts)."""
    parts = ("opentelemetry.sdk.trace", "opentelemetry.exporter")
    check = f"import sys, imgsvc.app; sys.exit(any(name.startswith({parts}) for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0
