"""A real Prometheus scrapes a real service with what is shipped, and knows what happened."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.support.monitoring import PROMETHEUS, dashboard_queries, documented_queries
from tests.support.process import service_process
from tests.support.service import IMAGES
from tests.support.tools import free_ports, require_tool, running

WIDTHS = (80, 160, 240, 320)


async def asked(session: aiohttp.ClientSession, base: str, what: str, **parameters: str) -> Any:
    """Ask Prometheus' API, which has to answer well."""
    async with session.get(f"{base}/api/v1/{what}", params=parameters) as answer:
        document = await answer.json()
    assert document["status"] == "success", (what, parameters, document)
    return document["data"]


async def until(session: aiohttp.ClientSession, base: str, query: str, value: float) -> None:
    """Wait until a query has this one result."""
    async with asyncio.timeout(60):
        while True:
            try:
                result = (await asked(session, base, "query", query=query))["result"]
                if [float(sample["value"][1]) for sample in result] == [value]:
                    return
            except aiohttp.ClientError:
                pass  # it is not there yet
            await asyncio.sleep(0.1)


def shipped(folder, target: str):
    """Write the shipped files, asking this target and more often; nothing else is changed."""
    configuration = (PROMETHEUS / "prometheus.yml").read_text()
    configuration = configuration.replace("127.0.0.1:8080", target).replace("_interval: 15s", "_interval: 500ms")
    (folder / "prometheus.yml").write_text(configuration)
    (folder / "alerts.yml").write_text((PROMETHEUS / "alerts.yml").read_text())
    return folder / "prometheus.yml"


async def test_prometheus_knows_what_happened(tmp_path):
    """Numbers come out as they were; every rule, and every query that is shipped or taught, can be evaluated."""
    prometheus = require_tool("prometheus")
    (port,) = free_ports(1)
    base = f"http://127.0.0.1:{port}"
    async with service_process(tmp_path, "--demo") as service, aiohttp.ClientSession() as session:
        for width in WIDTHS * 2:
            url = {"url": f"{service.base_url}/demo/landscape.jpg", "w": str(width)}
            async with session.get(f"{service.base_url}{IMAGES}?{urlencode(url)}") as answer:
                assert answer.status == 200
                await answer.read()
        conf = shipped(tmp_path, service.base_url.removeprefix("http://"))
        places = (f"--storage.tsdb.path={tmp_path}/tsdb", f"--web.listen-address=127.0.0.1:{port}")
        with running([prometheus, f"--config.file={conf}", *places], tmp_path):
            await until(session, base, 'up{job="imgsvc"}', 1)
            await until(session, base, f'imgsvc_requests_total{{route="{IMAGES}", status="200"}}', 2 * len(WIDTHS))
            await until(session, base, 'sum(imgsvc_answers_total{cache="hit"})', len(WIDTHS))
            await until(session, base, 'sum(imgsvc_answers_total{cache="miss"})', len(WIDTHS))
            await until(
                session, base, f'sum(imgsvc_request_duration_seconds_count{{route="{IMAGES}"}})', 2 * len(WIDTHS)
            )
            await until(session, base, "count(imgsvc_build_info)", 1)
            for query in [*documented_queries(), *(query for _, query in dashboard_queries())]:
                await asked(session, base, "query", query=query)
            assert len(documented_queries()) == 4
            async with asyncio.timeout(60):
                while "unknown" in (health := await rule_health(session, base)):
                    await asyncio.sleep(0.1)

    assert health == {"ok"}


async def rule_health(session: aiohttp.ClientSession, base: str) -> set[str]:
    groups = (await asked(session, base, "rules"))["groups"]
    return {rule["health"] for group in groups for rule in group["rules"]}
