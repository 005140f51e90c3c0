"""``/openapi.json`` and ``/docs`` before the whole service."""

import asyncio
import gzip
import sys

import pytest

from imgsvc.web.openapi.page import CONTENT_SECURITY_POLICY
from tests.support.origin import ScriptedOrigin
from tests.support.service import running_service

pytestmark = pytest.mark.slow

TYPES = {"/openapi.json": "application/json", "/docs": "text/html; charset=utf-8"}


@pytest.mark.parametrize("path", TYPES)
async def test_documents(service, path):
    """Each is answered with its type and a strong tag, may be kept for a short while, and is made once."""
    first, second = [await service.raw("GET", path, {"Accept-Encoding": "identity"}) for _ in range(2)]

    assert (first.status, first.headers["Content-Type"]) == (200, TYPES[path])
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["ETag"].startswith('"')
    assert (first.body, first.headers["ETag"]) == (second.body, second.headers["ETag"])


@pytest.mark.parametrize("path", TYPES)
async def test_zipped(service, path):
    """Who takes gzip is sent a tenth, under a tag of its own."""
    plain = await service.raw("GET", path, {"Accept-Encoding": "identity"})
    zipped = await service.raw("GET", path, {"Accept-Encoding": "gzip"})

    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert len(zipped.body) < len(plain.body) / 8
    assert zipped.headers["ETag"] != plain.headers["ETag"]
    assert plain.headers["Vary"] == zipped.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", TYPES)
async def test_not_modified(service, path):
    """Who has it is not sent it again; who has another one is."""
    tag = (await service.raw("HEAD", path)).headers["ETag"]
    known = await service.raw("GET", path, {"If-None-Match": f'"x", {tag}'})
    other = await service.raw("GET", path, {"If-None-Match": '"x"'})

    assert (known.status, known.body, known.headers["ETag"]) == (304, b"", tag)
    assert "Content-Type" not in known.headers
    assert other.status == 200


async def test_policy(service):
    """The page may use its own style, and nothing else."""
    policy = (await service.raw("GET", "/docs")).headers["Content-Security-Policy"]

    assert policy == CONTENT_SECURITY_POLICY
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


async def test_routes_are_those_of_the_application(service):
    """Every route of this application is described, and no other."""
    described = (await service.raw("GET", "/openapi.json", {"Accept-Encoding": "identity"})).json()

    assert "/api/cache/images" in described["paths"]
    assert not [path for path in described["paths"] if path.startswith("/demo")]


async def test_with_the_demo_its_pictures_are_the_examples(tmp_path):
    """Every link about a picture works, for there is one; so does every link that needs no source."""
    async with ScriptedOrigin() as origin, running_service(tmp_path, origin.port, demo=True) as service:
        described = (await service.raw("GET", "/openapi.json", {"Accept-Encoding": "identity"})).json()
        operations = [each for methods in described["paths"].values() for each in methods.values()]
        targets = [target for operation in operations for target in operation.get("x-try", [])]
        tried = [target for target in targets if "example.com" not in target]

        assert f"/api/cache/images?url={service.base_url}/demo/landscape.jpg&w=640" in tried
        for target in tried:
            assert (await service.raw("GET", target)).status == 200, target


async def test_a_start_does_not_wait_for_them():
    """What the documents are made of is imported by the first request for one of them."""
    script = "import sys, imgsvc.web.routes; sys.exit('imgsvc.web.openapi' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script)

    assert await process.wait() == 0
