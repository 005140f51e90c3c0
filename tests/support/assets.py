"""A service in front of an asset server, and the proof that nobody else learns its token."""

import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.http_server import Exchange
from tests.support.large import nothing_left
from tests.support.origin import ScriptedOrigin
from tests.support.service import RunningService, running_service

ID = "0192f3a0-4b5c-7d8e-9f00-112233445566"
PATH = f"/api/assets/{ID}"
TOKEN = "t0ken-that-nobody-learns"
ADMIN = {"Authorization": "Bearer s3cret"}


def setting(origin: ScriptedOrigin, **env: str) -> dict[str, str]:
    """Name the scripted origin as the asset server; it is on no list."""
    return {
        "ASSETS_BASE_URL": origin.url("", host="assets.test"),
        "ASSETS_BEARER_TOKEN": TOKEN,
        "IMGSVC_ALLOWED_HOSTS": "",
        "IMGSVC_ADMIN_TOKEN": "s3cret",
        "IMGSVC_READ_TIMEOUT": "1",
        "IMAGE_STREAM_THRESHOLD_BYTES": "100000",
    } | env


def guarded(origin: ScriptedOrigin, body: bytes, **headers: str) -> None:
    """Serve the asset to whoever has the token, and 401 to all others."""

    async def behave(exchange: Exchange) -> None:
        if exchange.request.headers.get("Authorization") == f"Bearer {TOKEN}":
            return await exchange.answer(body, headers={"Content-Type": "image/jpeg"} | headers)
        return await exchange.answer(b"who are you?", status=401)

    origin.script(PATH, behave)


def told(origin: ScriptedOrigin) -> Counter[str]:
    """Who was told the token, by the ``Host`` and path of the request."""
    return Counter(
        f"{r.headers['Host'].partition(':')[0]}{r.path}" for r in origin.requests if TOKEN in str(dict(r.headers))
    )


@asynccontextmanager
async def asset_service(
    origin: ScriptedOrigin, tmp_path: Path, photo: bytes, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[RunningService]:
    """Run the service in front of the asset server; at its end nothing is held, and nothing written has the token."""
    caplog.set_level(logging.DEBUG)
    guarded(origin, photo)
    async with running_service(tmp_path, origin.port, **setting(origin)) as service:
        yield service
        await nothing_left(service, tmp_path)
        metrics = await service.request("GET", "/api/health/metrics")
    assert TOKEN not in caplog.text + "".join(service.log.lines) + metrics.body.decode()
    assert [p for p in (tmp_path / "store").rglob("*") if p.is_file() and TOKEN.encode() in p.read_bytes()] == []


async def code_of(service, path: str = PATH) -> tuple[int, str]:
    """Ask; give status and code, of a document that names the route's own parameter, and in which the token is not."""
    answer = await service.raw("GET", path)
    document = answer.json()
    assert TOKEN not in f"{answer.headers}{answer.body!r}"
    assert document["param"] == ("assetId" if path.startswith("/api/assets/") else "url")
    return answer.status, document["code"]
