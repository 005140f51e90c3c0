"""What goes with an answer: the log, the counters and the list."""

import json
import re

import pytest

from imgsvc.web.hits.connection import HitConnection
from tests.unit.web.hits.asking import ask, get, headers_of, hitting, target_of, until

pytestmark = pytest.mark.slow

LIVE = get("/api/health/live")


async def test_log_metrics_and_list_are_those_of_the_slow_path(tmp_path):
    """A thousand mixed requests leave the same lines, counters and list by either path, and none is lost."""

    async def told(folder, path: str):
        env = {"IMGSVC_ADMIN_TOKEN": "t" * 16, "IMGSVC_HIT_PATH": path}
        async with hitting(folder, **env) as (server, origin), await server.connect() as wire:
            target = target_of(origin)
            named = "X-Request-Id: a"  # whose length is part of an error's, while that of a counted one grows
            kinds = [get(target), get(target, method="HEAD"), get(target, "If-None-Match: *"), LIVE]
            kinds += [get("/nowhere", named), get(target, "Range: bytes=9000-", named)]
            kinds += [get(target, "Range: bytes=1-2"), get(target, named)]
            received = [await ask(wire, kinds[n % len(kinds)]) for n in range(1000)]
            await until(lambda: len(server.log.lines) == 1000)
            services = server.opened.services
            lines = [json.loads(line) for line in server.log.lines]
            assert [line["bytes"] for line in lines] == [len(each) for each in received]
            assert services.traffic.sent_bytes == sum(map(len, received))
            named = [line.pop("request_id") for line in lines]
            assert named == [headers_of(each)["X-Request-Id"] for each in received]
            times = [line.pop("time") for line in lines]
            assert times == sorted(times)
            assert all(line.pop("ms") >= 0 and line.pop("bytes") for line in lines)
            recent = [
                {k: v for k, v in e.items() if k not in ("time", "ms", "request_id")} for e in services.recent.entries()
            ]
            memory = server.opened.owners["memory"].statistics()
            requests = server.runner.server.requests_count
            counted = services.traffic.requests(), services.traffic.cached(), memory.hits, memory.misses, requests
            return [list(line.items()) for line in lines], recent, counted, server.connections

    (tmp_path / "on").mkdir()
    (tmp_path / "off").mkdir()
    *slow, connections = await told(tmp_path / "off", "0")
    assert not any(isinstance(each, HitConnection) for each in connections)
    *fast, connections = await told(tmp_path / "on", "1")

    for of_fast, of_slow in zip(fast, slow, strict=True):
        assert re.sub(r":[0-9]{4,5}/", "/", repr(of_fast)) == re.sub(r":[0-9]{4,5}/", "/", repr(of_slow))
