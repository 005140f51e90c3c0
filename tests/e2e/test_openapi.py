"""Every route asked what its description allows and what it forbids, by schemathesis, as a process beside a service."""

import asyncio
import re
import sys

import aiohttp
import pytest

from tests.support.origin import ScriptedOrigin
from tests.support.pictures import png, quarters
from tests.support.process import ROOT, python_environment, service_process
from tests.support.schemathesis_hooks import ASSET
from tests.support.service import environment

HTML = {"Content-Type": "text/html"}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="5" height="5"/></svg>'
SECONDS = 280
CHECKS = (
    "--header", "Authorization: Bearer s3cret", "--checks", "all", "--exclude-checks", "not_a_server_error",
    "--phases", "coverage,fuzzing", "--exclude-method", "HEAD", "--seed", "1", "--max-examples", "10",
)  # fmt: skip
"""
All checks but one: sources that fail are answered with 502 and 504, at which a check of ours looks closer. HEAD is
described as GET is, and tests/unit/web/test_routes.py compares their answers.
"""

PARTS = (("--include-tag", "Pictures"), ("--exclude-tag", "Pictures"))
"""Two processes at once: schemathesis' own workers are threads, and now and then one of them fails over another."""


def internet(origin: ScriptedOrigin) -> None:
    """Script what the requests may name."""
    for path in ("/a.png", "/icon.png", "/media/a.png", f"/api/assets/{ASSET}"):
        origin.serve(path, png(quarters(64, 64)))
    origin.serve("/a.svg", SVG, headers={"Content-Type": "image/svg+xml"})
    origin.serve(
        "/", b'<!doctype html><title>Acme</title><link rel="icon" href="/icon.png" sizes="64x64">', headers=HTML
    )
    origin.serve("/page", b'<!doctype html><title>A</title><meta property="og:image" content="/a.png">', headers=HTML)


def settings(tmp_path, origin: ScriptedOrigin) -> dict[str, str]:
    """Let every route answer, and nothing leave this machine."""
    return environment(
        tmp_path, origin.port, IMGSVC_ADMIN_TOKEN="s3cret", IMGSVC_SIGNING_KEYS="k" * 20, IMGSVC_RATE_LIMIT="0",
        IMGSVC_LOGO_GOOGLE_URL="", IMGSVC_LOGO_DUCKDUCKGO_URL="", IMGSVC_SITE_URL=origin.url(""),
        IMGSVC_TWITTER_BASE_URL=origin.url(""), ASSETS_BASE_URL=origin.url(""), ASSETS_BEARER_TOKEN="t0ken",
    )  # fmt: skip


async def examined(base_url: str, folder, *arguments: str) -> tuple[int, str]:
    """Run schemathesis; give its exit code and what it said."""
    config = ROOT / "tests" / "support" / "schemathesis.toml"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "--config-file", config, "--no-color",
        "run", f"{base_url}/openapi.json", *CHECKS, *arguments,
        cwd=folder, env=python_environment({"SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks"}),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, said.decode()


async def methods(base_url: str) -> set[tuple[str, str]]:
    """Give what is described, but for HEAD."""
    async with aiohttp.ClientSession() as session, session.get(f"{base_url}/openapi.json") as response:
        paths = (await response.json())["paths"]
    return {(path, method) for path, methods in paths.items() for method in methods if method != "head"}


@pytest.mark.early
@pytest.mark.timeout(SECONDS + 20)
async def test_nothing_contradicts_the_document(tmp_path):
    """No request that fits the document is refused as malformed, none that does not is taken, and each answer fits."""
    async with ScriptedOrigin() as origin:
        internet(origin)
        async with service_process(tmp_path, "--demo", **settings(tmp_path, origin)) as service:
            runs = await asyncio.gather(*(examined(service.base_url, tmp_path, *part) for part in PARTS))
            described = await methods(service.base_url)

    for code, said in runs:
        assert code == 0, said
    tested = sum(int(re.search(r"Tested: ([0-9]+)", said)[1]) for _, said in runs)
    assert tested == len(described) - 1  # the document itself is not asked for once more
