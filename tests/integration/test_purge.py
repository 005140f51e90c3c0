"""Purging over HTTP and by the command line, at one process and at two on one store."""

import asyncio

import pytest
from click.testing import CliRunner

from imgsvc import cli
from tests.integration.test_access import signed
from tests.support.pictures import png
from tests.support.service import running_service
from tests.support.spine import until

PURGE = "/api/purge"
TOKEN = "s3cret"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
SET = {"IMGSVC_ADMIN_TOKEN": TOKEN}


@pytest.fixture
async def admin(origin, photo, tmp_path):
    """A service with a token, and a picture in it."""
    origin.serve("/dir/a.jpg", photo)
    async with running_service(tmp_path, origin.port, **SET) as service:
        yield service


async def purge(service, headers=ADMIN, **members):
    """Post a purge; give the answer's status and document."""
    async with service.session.post(f"{service.base_url}{PURGE}", json=members, headers=headers) as response:
        return response.status, await response.json(content_type=None), response.headers


def named(origin) -> dict[str, list[str]]:
    """All ways to name the picture."""
    url = origin.url("/dir/a.jpg")
    host = url.split("/")[2].partition(":")[0]
    return {
        "urls": [url],
        "prefixes": [url.removesuffix("a.jpg")],
        "domains": [f"*.{host.partition('.')[2]}"],
        "tags": [host],
    }


@pytest.mark.parametrize("member", ["urls", "prefixes", "domains", "tags"])
async def test_hard(admin, origin, member):
    """After a hard purge, however the picture is named, it is fetched anew and differs at once."""
    url = origin.url("/dir/a.jpg")
    before = await admin.image(url, w=10)
    await admin.settled()
    status, document, headers = await purge(admin, **{member: named(origin)[member]}, hard=True)
    origin.serve("/dir/a.jpg", png())
    after = await admin.image(url, w=10)

    assert (status, document) == (200, {"purged": 1, "mode": "hard"})
    assert headers["Cache-Control"] == "no-store"
    assert (after.status, after.headers["X-Cache"], after.headers["X-Source"]) == (200, "MISS", "origin")
    assert after.headers["ETag"] != before.headers["ETag"]


@pytest.mark.parametrize("member", ["urls", "prefixes", "domains", "tags"])
async def test_soft(admin, origin, member):
    """After a soft purge the old picture is answered at once, as stale, and the source is asked behind."""
    url = origin.url("/dir/a.jpg")
    before = await admin.image(url, w=10)
    await admin.settled()
    status, document, _ = await purge(admin, **{member: named(origin)[member]})
    origin.serve("/dir/a.jpg", png())
    stale = await admin.image(url, w=10)
    await until(lambda: origin.hits("/dir/a.jpg") == 2)
    async with asyncio.timeout(60):
        while (new := await admin.image(url, w=10)).headers["X-Cache"] == "STALE":
            await asyncio.sleep(0.01)

    assert (status, document) == (200, {"purged": 1, "mode": "soft"})
    assert (stale.headers["X-Cache"], stale.headers["ETag"]) == ("STALE", before.headers["ETag"])
    assert new.headers["ETag"] != before.headers["ETag"]


async def test_others_are_left_alone(admin, origin, photo):
    """What no instruction names is a hit as before."""
    origin.serve("/other.jpg", photo)
    await admin.image(origin.url("/other.jpg"), w=10)
    members = {name: texts for name, texts in named(origin).items() if name in ("urls", "prefixes")}
    _, document, _ = await purge(admin, **members, hard=True)

    assert document == {"purged": 2, "mode": "hard"}
    assert (await admin.image(origin.url("/other.jpg"), w=10)).headers["X-Cache"] == "HIT"


async def test_who_may(admin, origin, tmp_path):
    """Only the bearer of the token, and nobody where none is set; the body is not even looked at before."""
    wrong = await purge(admin, {"Authorization": "Bearer guess"}, nonsense=1)
    none = await purge(admin, {}, tags=["red"])
    odd = await admin.raw("POST", PURGE, {"Authorization": "Bearer \udcff"})
    method = await admin.raw("GET", PURGE, ADMIN)
    async with running_service(tmp_path, origin.port) as open_service:
        unset = await purge(open_service, tags=["red"])

    assert [(status, document["code"]) for status, document, _ in (wrong, none, unset)] == [
        (401, "unauthorized"), (401, "unauthorized"), (404, "not-found"),
    ]  # fmt: skip
    assert (odd.status, method.status, method.headers["Allow"]) == (401, 405, "POST")


@pytest.mark.parametrize("hard", [False, True])
async def test_nothing_to_purge(admin, hard):
    """Empty lists are no mistake: nothing was named, and nothing purged."""
    status, document, _ = await purge(admin, urls=[], prefixes=[], domains=[], tags=[], hard=hard)

    assert (status, document) == (200, {"purged": 0, "mode": "hard" if hard else "soft"})


@pytest.mark.parametrize(
    ("members", "code", "param"),
    [
        ({"tag": ["red"]}, "bad-parameter", "tag"),
        ({"tags": "red"}, "bad-parameter", "tags"),
        ({"tags": [""] * 1001}, "bad-parameter", "tags"),
        ({"prefixes": ["https://exam"]}, "bad-parameter", "prefixes"),
        ({"urls": ["ftp://a.test/"]}, "scheme-not-allowed", "urls"),
        ({"urls": ["s3://images/../x"]}, "bad-key", "urls"),
    ],
)
async def test_bad_instructions(admin, members, code, param):
    """Nothing is purged of a request that is not understood as a whole."""
    status, document, headers = await purge(admin, **members)

    assert (status, document["code"], document["param"]) == (400, code, param)
    assert headers["Cache-Control"] == "no-store"


async def test_a_body_that_is_too_large(admin):
    """A quarter of a megabyte of instructions is enough."""
    status, document, _ = await purge(admin, tags=["x" * (256 * 1024)])
    assert (status, document["code"]) == (413, "too-large")


async def test_a_second_process_on_one_store(origin, photo, tmp_path):
    """Without Redis another process knows of a purge once it has looked into the store, by either route."""
    for path in ("/a.jpg", "/b.jpg"):
        origin.serve(path, photo)
    urls = [origin.url("/a.jpg"), origin.url("/b.jpg")]
    async with (
        running_service(tmp_path, origin.port, **SET) as one,
        running_service(tmp_path, origin.port, **SET) as other,
    ):
        for url in urls:
            await one.image(url, w=10)
            await one.settled()
            assert (await other.image(url, w=10)).headers["X-Source"] == "store"
        await purge(one, prefixes=[urls[0]], hard=True)
        removed = await one.request("DELETE", "/api/cache/images", ADMIN, url=urls[1])
        held = [(await other.image(url, w=10)).headers["X-Source"] for url in urls]
        await other.opened.owners["marks"].reload()
        for path in ("/a.jpg", "/b.jpg"):
            origin.serve(path, png())
        after = [(await other.image(url, w=10)).headers["X-Source"] for url in urls]

    assert removed.json() == {"removed": 3}
    assert held == ["memory", "memory"]
    assert after == ["origin", "origin"]


async def test_a_restart_forgets_no_purge(origin, photo, tmp_path):
    """What was purged stays so for whoever opens the store next."""
    origin.serve("/a.jpg", photo)
    async with running_service(tmp_path, origin.port, **SET) as service:
        await service.image(origin.url("/a.jpg"), w=10)
        await service.settled()
        await purge(service, prefixes=[origin.url("/")], hard=True)
    async with running_service(tmp_path, origin.port) as service:
        assert (await service.image(origin.url("/a.jpg"), w=10)).headers["X-Source"] == "origin"


async def test_the_command_line(admin, origin, monkeypatch, tmp_path):
    """``imgsvc purge`` has the running service do it, and says what was done or what is wrong."""
    monkeypatch.chdir(tmp_path)
    url = origin.url("/dir/a.jpg")
    await admin.image(url, w=10)

    async def invoke(*arguments: str, token: str = TOKEN):
        env = {"IMGSVC_ADMIN_TOKEN": token, "IMGSVC_PORT": str(admin.port)}
        return await asyncio.to_thread(CliRunner().invoke, cli.commands, ["purge", *arguments], env=env)

    soft = await invoke("--url", url, "--domain", "a.test", "--domain", "*.b.test", "--tag", "red")
    hard = await invoke("--prefix", origin.url("/"), "--hard", "--server", admin.base_url)
    wrong = await invoke("--tag", "red", token="guess")
    bad = await invoke("--tag", "a b")

    assert (soft.exit_code, soft.stdout) == (0, "purged 4 (soft)\n")
    assert (hard.exit_code, hard.stdout) == (0, "purged 1 (hard)\n")
    assert (await admin.image(url, w=10)).headers["X-Source"] == "origin"
    assert (wrong.exit_code, wrong.stderr) == (1, "imgsvc: IMGSVC_ADMIN_TOKEN: the service has another token\n")
    assert bad.exit_code == 1
    assert "answered 400: A tag has" in bad.stderr


@pytest.mark.parametrize("member", ["urls", "domains", "tags"])
async def test_a_fetch_that_a_hard_purge_overtakes(admin, origin, photo, member):
    """What was being fetched is answered to who waits for it, and to nobody who asks after the purge."""
    gate = origin.gate("/dir/a.jpg", photo)
    url = origin.url("/dir/a.jpg")
    asking = asyncio.create_task(admin.image(url, w=10))
    await origin.until_hits("/dir/a.jpg")
    await purge(admin, **{member: named(origin)[member]}, hard=True)
    gate.set()
    before = await asking
    await admin.settled()
    origin.serve("/dir/a.jpg", png())
    after = await admin.image(url, w=10)

    assert before.status == 200
    assert (after.headers["X-Cache"], after.headers["X-Source"]) == ("MISS", "origin")
    assert after.headers["ETag"] != before.headers["ETag"]


async def test_a_word_of_a_signed_request(origin, photo, tmp_path):
    """Words that somebody vouched for name a source for purges; others are passed over, and said to be."""
    origin.serve("/a.jpg", photo)
    url = origin.url("/a.jpg")
    async with running_service(tmp_path, origin.port, IMGSVC_SIGNING_KEYS="key", **SET) as service:
        unsigned = await service.image(url, w=20, tag="blue")
        await service.raw("GET", signed(["key"], url=url, w="10", tag="red,green"))
        await service.settled()
        await purge(service, tags=["blue"], hard=True)
        blue = await service.image(url, w=10)
        await purge(service, tags=["green"], hard=True)
        green = await service.image(url, w=10)

    assert unsigned.headers["X-Ignored-Params"] == "tag"
    assert (blue.headers["X-Cache"], green.headers["X-Cache"]) == ("HIT", "MISS")
    assert green.headers["X-Source"] == "origin"
