"""``/metrics`` and ``/api/health/metrics`` of a service that works: all figures are there, right, and bounded."""

import asyncio
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from imgsvc.web.figures import Figures
from imgsvc.web.prometheus import text
from imgsvc.web.prometheus.definitions import LEFT_OUT, METRICS
from tests.support.pictures import png
from tests.support.service import IMAGES, RunningService, running_service
from tests.support.tools import require_tool
from tests.support.wire import connected

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
async def service(origin, tmp_path):
    """A service that looks for logos nowhere but at the scripted origin, and one of whose hosts is not public."""
    offline = {
        "IMGSVC_ALLOWED_HOSTS": "*.test,127.0.0.1",
        "IMGSVC_LOGO_GOOGLE_URL": "",
        "IMGSVC_LOGO_DUCKDUCKGO_URL": "",
    }
    async with running_service(tmp_path, origin.port, **offline) as service:
        yield service


async def scrape(service: RunningService) -> Series:
    """Read the page as Prometheus does."""
    answer = await service.request("GET", "/metrics")
    assert answer.status == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


def of(series: Series, name: str, **labels: str) -> float | None:
    return series.get((name, frozenset(labels.items())))


def numbers(document: Any, path: str = "") -> Iterator[str]:
    """Give the path of every number in a document."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            yield from numbers(value, f"{path}.{name}" if path else name)
    elif isinstance(document, list):
        for value in document:
            yield from numbers(value, path)
    elif isinstance(document, int | float):
        yield path


def is_left_out(path: str) -> bool:
    return any(path == left or path.startswith(f"{left}.") for left in LEFT_OUT)


async def busy(service: RunningService, origin) -> None:
    """Ask for something of every kind, in vain too, so that no member of the document is empty."""
    origin.serve("/a.png", png())
    origin.serve("/500.png", b"", status=500)
    await service.image(origin.url("/a.png"), w=10, f="png")
    await service.image(origin.url("/a.png"), w=10, f="png")
    await service.image(origin.url("/500.png"), w=10)
    await service.image("http://127.0.0.1/a.png")
    await service.image("http://not.allowed.example/a.png")
    await service.request("GET", "/api/logo", website="acme.test")
    await service.request("GET", "/api/og-image", url=origin.url("/500.png"), f="png")
    await service.request("GET", "/nowhere")
    await service.settled()


async def test_every_number_of_the_document_is_a_metric(service, origin):
    """Each number of the JSON has its metric with the same value, or its reason for having none."""
    await busy(service, origin)
    services = service.opened.services
    document = json.loads(json.dumps(Figures(services.metrics, services.health, services.traffic).document()))
    covered = {
        path for metric in METRICS for place in metric.places for _, path, _ in place.numbers(document)
    }  # fmt: skip

    missing = {path for path in numbers(document) if path not in covered and not is_left_out(path)}
    assert not missing
    assert not {path for path in covered if is_left_out(path)}
    assert {left for left in LEFT_OUT if not any(path.startswith(left) for path in numbers(document))} <= {
        "queue.svg.worker_pid"  # there is a worker only after a drawing
    }


async def test_every_metric_has_its_number(service, origin):
    """No definition points at a place that the document has not, but for those that only a container or S3 fills."""
    await busy(service, origin)
    services = service.opened.services
    document = Figures(services.metrics, services.health, services.traffic).current()

    empty = {metric.name for metric in METRICS if not [*metric.samples(document)]}
    assert empty <= {"memory_cgroup_limit_bytes", "requests_aborted"}


async def test_every_owner_is_asked(service):
    """Whoever counts something is among those that the figures are collected from."""
    owners, metrics = service.opened.owners, service.opened.services.metrics
    groups = metrics, metrics.annexe()
    asked = {id(getattr(group, name)) for group in groups for name in group.__slots__}

    assert not {name for name, owner in owners.items() if id(owner) not in asked}


async def test_the_page_says_what_happened(service, origin):
    """Answers, tiers, sources and bytes are counted as they were asked for."""
    await busy(service, origin)
    series = await scrape(service)
    more = await scrape(service)

    assert of(series, "imgsvc_requests_total", route=IMAGES, status="200") == 2
    assert of(series, "imgsvc_requests_total", route=IMAGES, status="502") == 1
    assert of(series, "imgsvc_requests_total", route=IMAGES, status="403") == 2
    assert of(series, "imgsvc_requests_total", route="unknown", status="404") == 1
    assert of(series, "imgsvc_answers_total", tier="memory", cache="hit") == 1
    assert of(series, "imgsvc_answers_total", tier="origin", cache="miss") >= 1
    assert of(series, "imgsvc_cache_hits_total", tier="memory") >= 1
    assert of(series, "imgsvc_origin_fetches_total", outcome="ok") == 1
    assert of(series, "imgsvc_origin_fetches_total", outcome="origin-status") >= 1
    assert of(series, "imgsvc_origin_received_bytes_total") == len(png())
    assert of(series, "imgsvc_origin_addresses_refused_total", reason="loopback") == 1
    assert of(series, "imgsvc_coalescing_in_flight") == 0
    assert of(series, "imgsvc_memory_level") == 0
    assert of(series, "imgsvc_memory_rss_bytes") > 1e6
    assert of(series, "imgsvc_request_duration_seconds_count", route=IMAGES, tier="memory") == 1
    assert of(more, "imgsvc_requests_total", route="/metrics", status="200") == 1
    assert of(more, "imgsvc_sent_bytes_total") - of(series, "imgsvc_sent_bytes_total") > 10_000  # the page itself


async def test_stale_answers_are_told_from_hits(origin, tmp_path):
    """An answer past its end counts as stale, in the tier that had it."""
    origin.conditional("/a.png", png(), etag='"1"')
    async with running_service(tmp_path, origin.port, IMGSVC_MIN_TTL="0") as service:
        for _ in range(3):
            await service.image(origin.url("/a.png"), w=10, f="png")
            await service.settled()
        series = await scrape(service)

    assert of(series, "imgsvc_answers_total", tier="memory", cache="stale") == 2
    assert of(series, "imgsvc_origin_fetches_total", outcome="not-modified") == 2
    assert of(series, "imgsvc_validations_total", outcome="not-modified") == 2


async def test_a_client_that_leaves_is_counted(service, origin):
    """Its request has no status, for it was never answered; it counts as broken off."""
    gate = origin.gate("/slow.png", png())
    async with await connected(service.port) as wire:
        await wire.send(f"GET {IMAGES}?url={origin.url('/slow.png')}&w=10 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        await origin.until_hits("/slow.png", 1)
    async with asyncio.timeout(60):
        while of(series := await scrape(service), "imgsvc_requests_aborted_total", route=IMAGES) is None:
            await asyncio.sleep(0.005)
    gate.set()

    assert of(series, "imgsvc_requests_aborted_total", route=IMAGES) == 1
    assert of(series, "imgsvc_requests_total", route=IMAGES, status="200") is None


async def test_promtool_finds_nothing_to_say(service, origin):
    """Names, types, units and texts keep to Prometheus' conventions."""
    promtool = require_tool("promtool")
    await busy(service, origin)
    page = (await service.request("GET", "/metrics")).body

    checked = await asyncio.to_thread(
        subprocess.run, [promtool, "check", "metrics"], input=page, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


async def test_the_page_is_not_kept(service):
    """Each scrape gets figures of now: no cache may answer it."""
    answer = await service.request("GET", "/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert answer.headers["Vary"] == "Accept"
    assert answer.body.endswith(b"# EOF\n")


async def test_the_page_waits_for_no_other_s_thread(service):
    """While every common thread is held, by a disk that does not answer for instance, there are figures still."""
    gate = threading.Event()
    held = [asyncio.get_running_loop().run_in_executor(None, gate.wait) for _ in range(64)]
    try:
        async with asyncio.timeout(60):
            series = await scrape(service)
    finally:
        gate.set()
        await asyncio.gather(*held)

    assert of(series, "imgsvc_memory_level") == 0


# However odd the requests, the number of series stays what it was.

ODD_METHODS = ("PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "MKCOL", "BREW", "get", "\xff")
ODD_STATUSES = (201, 204, 206, 299, 304, 400, 401, 402, 404, 418, 429, 451, 499, 500, 502, 503, 511, 599)


def odd_requests(count: int) -> Iterator[bytes]:
    """Give requests of which no two are alike: paths, hosts, queries, headers and methods that nobody knows."""
    for n in range(count):
        method = ODD_METHODS[n % len(ODD_METHODS)] if n % 3 == 0 else "GET"
        path = (f"/{n}", f"{IMAGES}/{n}?w={n}", f"{IMAGES}?url=http://h{n}.test:{n}/&x{n}=1", f"/logo/{n}..{n}")[n % 4]
        lines = (
            f"{method} {path} HTTP/1.1",
            f"Host: h{n}.example",
            f"X-Source: s{n}",
            f"X-Cache: c{n}",
            f"Accept: a/{n}",
        )
        yield ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def ask_all(port: int, requests: Iterator[bytes]) -> int:
    """Send one after the other, each answered; gives how many there were."""
    asked = 0
    for request in requests:
        async with await connected(port) as wire:
            await wire.send(request)
            await wire.reply()
        asked += 1
    return asked


async def odd_sources(service: RunningService, origin, names: str) -> None:
    """Have sources answer with statuses of all kinds."""
    for status in ODD_STATUSES:
        origin.serve(f"/{names}{status}.png", b"", status=status)
        await service.image(origin.url(f"/{names}{status}.png", host=f"{names}{status}.test"), w=10)
    await service.settled()


def answered(series: Series) -> float:
    return sum(value for (name, _), value in series.items() if name == "imgsvc_requests_total")


async def test_the_number_of_series_is_bounded(service, origin):
    """Thousands of requests that nobody has seen before add no series to those that a few have made."""
    await ask_all(service.port, odd_requests(4 * 3 * len(ODD_METHODS)))
    await odd_sources(service, origin, "a")
    await scrape(service)
    before = await scrape(service)

    assert await ask_all(service.port, odd_requests(2000)) == 2000
    await odd_sources(service, origin, "b")
    after = await scrape(service)

    assert set(after) == set(before)
    assert answered(after) - answered(before) >= 2000


async def test_many_who_scrape_at_once_share_a_page(service, monkeypatch):
    """One page is written for all who want it alike while it is, and its figures are whole; then comes the next."""
    await scrape(service)
    written = []
    render = text.render

    def counted(*arguments):
        written.append(arguments[2])
        return render(*arguments)

    monkeypatch.setattr(text, "render", counted)
    pages = await asyncio.gather(*(scrape(service) for _ in range(200)))

    assert all(of(page, "imgsvc_requests_total", route="/metrics", status="200") for page in pages)
    assert len(written) < 100  # connections come one after the other: how many is a matter of chance
    before = len(written)
    await scrape(service)
    assert len(written) == before + 1
