"""Pictures of the operator's asset server, as they are and made into others; what is an id; purges."""

import asyncio

import pytest

from tests.support.assets import ADMIN, ID, PATH, TOKEN, asset_service, code_of, guarded, setting, told
from tests.support.large import halves, huge, until
from tests.support.large import photo as large_photo
from tests.support.service import IMAGES, running_service
from tests.support.wire import connected


@pytest.fixture
async def service(origin, tmp_path, photo, caplog):
    """A service in front of the asset server, by which the token is not spread."""
    async with asset_service(origin, tmp_path, photo, caplog) as service:
        yield service


async def test_original_and_variants(service, origin, photo):
    """Every spelling of an id is one picture, fetched once with the token, as it is or made smaller."""
    whole = await service.raw("GET", PATH, {"Accept": "image/avif,image/webp"})
    small = await service.raw("GET", f"/api/assets/{ID.replace('-', '').upper()}?w=40&f=png")
    again = await service.raw("GET", f"/api/assets/{ID.upper()}?width=40&format=png")
    head = await service.raw("HEAD", f"{PATH}?f=original")
    await service.settled()
    keys = [key async for key in service.opened.owners["store"].list("")]

    assert (whole.status, whole.body, whole.headers["X-Cache"]) == (200, photo, "MISS")
    assert (small.status, small.headers["Content-Type"]) == (200, "image/png")
    assert (again.headers["X-Cache"], again.body) == ("HIT", small.body)
    assert (head.status, head.body, head.headers["ETag"]) == (200, b"", whole.headers["ETag"])
    assert told(origin) == {f"assets.test{PATH}": 1}
    assert f"images/assets/{ID}/original" in keys
    assert all(key.startswith(f"images/assets/{ID}/") for key in keys)
    assert "Link" not in whole.headers
    assert TOKEN not in f"{whole.headers}{small.headers}"


async def test_conditions_and_ranges(service, photo):
    """An asset is a picture like any other."""
    whole = await service.raw("GET", f"{PATH}?f=original")
    part = await service.raw("GET", f"{PATH}?f=original", {"Range": "bytes=10-19"})
    beyond = await service.raw("GET", f"{PATH}?f=original", {"Range": "bytes=999999999-"})
    known = await service.raw("GET", f"{PATH}?f=original", {"If-None-Match": whole.headers["ETag"]})

    assert (part.status, part.body) == (206, photo[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(photo)}"
    assert (beyond.status, known.status) == (416, 304)


async def test_a_large_one_streams_while_it_is_stored(service, origin):
    """Above the threshold the first bytes are with the client before the server sends the last; then it is stored."""
    gate = halves(origin, PATH, large_photo())
    async with asyncio.timeout(60), service.session.get(f"{service.base_url}{PATH}?f=original") as answer:
        first = await answer.content.readexactly(len(large_photo()) // 2)
        gate.open()
        rest = await answer.content.read()
    await until(lambda: service.opened.owners["downloads"].statistics().stored == 1)
    part = await service.raw("GET", f"{PATH}?f=original", {"Range": "bytes=5-9"})

    assert first + rest == large_photo()
    assert (part.status, part.body, origin.hits(PATH)) == (206, large_photo()[5:10], 1)


async def test_a_large_one_is_made_smaller(service, origin):
    """A large asset is transformed like any large source, and many who ask at once are one fetch."""
    guarded(origin, huge())
    answers = await asyncio.gather(*(service.raw("GET", f"{PATH}?w=50&f=png") for _ in range(20)))

    assert {(answer.status, answer.headers["Content-Type"]) for answer in answers} == {(200, "image/png")}
    assert told(origin) == {f"assets.test{PATH}": 1}


@pytest.mark.parametrize(
    "name",
    ["", "x", "..", f"{ID}x", f"{ID}/x", f"{ID}%2F..", "%2e%2e%2Fsecret", f"urn:uuid:{ID}", f"{ID}%00", f"{ID}%0A"],
)
async def test_what_is_no_id(service, origin, name):
    """Anything else than a UUID is 400, and nobody is asked."""
    assert await code_of(service, f"/api/assets/{name}") == (400, "bad-asset-id")
    assert origin.requests == []


RAW_IDS = [
    b"\xc0\xae\xc0\xae/secret", ID.encode() + b"\x00", ID.encode() + b" x", ID.encode() + b"\\..", ID.encode() + b";x",
    b"../secret", b"%2e%2e/secret", ID.encode() + b"/../../../secret", ID.encode() + b"\r\n x", "\uff10".encode() * 32,
]  # fmt: skip


@pytest.mark.parametrize("name", RAW_IDS)
async def test_what_is_no_id_on_the_wire(service, origin, name):
    """So are bytes that no client's library would send."""
    async with await connected(service.port) as wire:
        await wire.send(b"GET /api/assets/" + name + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await wire.reply()).status == 400
    assert origin.requests == []


async def test_bad_parameters(service, origin):
    """Parameters are those of pictures, and so are their mistakes; one that names a source is not among them."""
    wrong = await service.raw("GET", f"{PATH}?w=0")
    ignored = await service.raw("GET", f"{PATH}?w=10&url=http://a.test/x.png")

    assert (wrong.status, wrong.json()["code"], wrong.json()["param"]) == (400, "bad-parameter", "w")
    assert (ignored.status, ignored.headers["X-Ignored-Params"]) == (200, "url")
    assert [request.path for request in origin.requests] == [PATH]


@pytest.mark.parametrize("missing", ["ASSETS_BASE_URL", "ASSETS_BEARER_TOKEN"])
async def test_not_configured(origin, tmp_path, missing):
    """Without one of the two settings there are no assets, and the answer names it."""
    async with running_service(tmp_path, origin.port, **setting(origin, **{missing: ""})) as service:
        answer = await service.raw("GET", PATH)
        bad = await code_of(service, "/api/assets/x")

    assert (answer.status, answer.json()["code"]) == (503, "assets-not-configured")
    assert missing in answer.json()["detail"]
    assert answer.headers["Retry-After"] == "300"
    assert answer.headers["Cache-Control"] == "no-store"
    assert bad == (400, "bad-asset-id")


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("member", ["urls", "prefixes", "domains", "tags"])
async def test_purges(service, origin, photo, member, hard):
    """However an asset's URL, host or word is named in a purge, what was kept is stale, or gone."""
    url = origin.url(PATH, host="assets.test")
    before = await service.raw("GET", f"{PATH}?w=20")
    await service.settled()
    named = {"urls": url, "prefixes": url.removesuffix(ID), "domains": "*.test", "tags": "assets.test"}
    async with service.session.post(
        f"{service.base_url}/api/purge", json={member: [named[member]], "hard": hard}, headers=ADMIN
    ) as purged:
        assert purged.status == 200
    after = await service.raw("GET", f"{PATH}?w=20")
    await origin.until_hits(PATH, 2)

    assert (after.status, after.headers["X-Cache"]) == (200, "MISS" if hard else "STALE")
    assert before.headers["Cache-Tag"].startswith("assets.test,url:")
    assert told(origin)[f"assets.test{PATH}"] == 2


async def test_removal(service, origin):
    """Removed by its URL, nothing of an asset is left in the store."""
    for query in ("f=original", "w=20&f=png"):
        await service.raw("GET", f"{PATH}?{query}")
    await service.settled()
    removed = await service.request("DELETE", IMAGES, ADMIN, url=origin.url(PATH, host="assets.test"))

    assert removed.json() == {"removed": 3}
    assert [key async for key in service.opened.owners["store"].list("images/")] == []
    assert (await service.raw("GET", f"{PATH}?f=original")).headers["X-Cache"] == "MISS"
